namespace Skep.Aws.Tests.Dispatch;

public sealed class PagingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_show_everything_once_in_a_stable_order()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var all = await world.RunAsync(Ct, 23);
        var seen = new List<string>();
        string? token = null;
        do
        {
            var page = await world.Ec2Async("DescribeInstances", Ct, token is null ? [("MaxResults", "5")] : [("MaxResults", "5"), ("NextToken", token)]);
            var ids = page.Descendants("instanceId").Select(e => e.Value).ToList();
            Assert.InRange(ids.Count, 1, 5);
            seen.AddRange(ids);
            token = page.Element("nextToken")?.Value;
            // What comes and goes in between changes nothing for the others.
            await world.RunAsync(Ct);
        }
        while (token is not null);

        Assert.Equal(all.Order(StringComparer.Ordinal), seen.Where(all.Contains));
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_token_belongs_to_its_operation_and_filters()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.RunAsync(Ct, 8);
        (string, string)[] filter = [("Filter.1.Name", "image-id"), ("Filter.1.Value.1", AwsWorld.ImageId)];
        var token = (await world.Ec2Async("DescribeInstances", Ct, [("MaxResults", "5"), .. filter])).Element("nextToken")!.Value;
        Assert.Equal(3, (await world.Ec2Async("DescribeInstances", Ct, [("NextToken", token), .. filter])).Descendants("instanceId").Count());
        Assert.Equal("InvalidNextToken", await world.Ec2ErrorAsync("DescribeInstances", Ct, ("NextToken", token)));
        var plain = (await world.Ec2Async("DescribeInstances", Ct, ("MaxResults", "5"))).Element("nextToken")!.Value;
        Assert.Equal("InvalidNextToken", await world.Ec2ErrorAsync("DescribeVolumes", Ct, ("NextToken", plain)));
        Assert.Equal("InvalidNextToken", await world.Ec2ErrorAsync("DescribeInstances", Ct, [("NextToken", token + "A"), .. filter.Take(1), ("Filter.1.Value.1", "x")]));
    }

    [Fact]
    public async Task Ids_and_a_page_size_exclude_each_other()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        Assert.Equal("InvalidParameterCombination", await world.Ec2ErrorAsync("DescribeInstances", Ct, ("InstanceId.1", id), ("MaxResults", "5")));
    }

    [Fact]
    public async Task No_more_than_a_thousand_at_once()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.Client.ModifyAsync(Core.Resources.CoreKinds.Node, Core.Resources.CoreKinds.Node.Key("", AwsWorld.NodeName), n => { n.Status!.Allocatable!.Memory = $"{1L << 44}"; n.Status.Allocatable.Cpu = "10000"; return true; }, Ct);
        await world.RunAsync(Ct, 1_000);
        await world.RunAsync(Ct, 5);
        var page = await world.Ec2Async("DescribeInstances", Ct);
        Assert.Equal(1_000, page.Descendants("instanceId").Count());
        Assert.Equal(5, (await world.Ec2Async("DescribeInstances", Ct, ("NextToken", page.Element("nextToken")!.Value))).Descendants("instanceId").Count());
    }
}

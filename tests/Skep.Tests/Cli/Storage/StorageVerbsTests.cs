using System.Text.Json.Nodes;
using Skep.Cli;
using Skep.Cli.Client;
using Skep.Cli.Output;

namespace Skep.Tests.Cli.Storage;

public sealed class StorageVerbsTests : IAsyncLifetime
{
    private FakeCloud _cloud = null!;

    public async ValueTask InitializeAsync()
    {
        _cloud = await FakeCloud.StartAsync();
        _cloud.Resources.Put(ApiResource.Volumes, "vol-0aaa", Volume("data"));
        _cloud.Resources.Put(ApiResource.Volumes, "vol-0bbb", Volume("logs"));
        _cloud.Resources.Put(ApiResource.Snapshots, "snap-0aaa", JsonNode.Parse(
            """{"spec":{"volumeId":"vol-0aaa","volumeSizeGib":20,"tags":{"Name":"nightly"}},"status":{"state":"completed","progress":100,"dataBytes":1048576}}""")!.AsObject());
    }

    public ValueTask DisposeAsync() => _cloud.DisposeAsync();

    [Fact]
    public async Task Lists_volumes_and_snapshots()
    {
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("volume list"));
        Assert.Contains("vol-0aaa   data   available   20 GiB   gp3", cli.Out.ToString(), StringComparison.Ordinal);
        cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("snapshot list"));
        Assert.Contains("snap-0aaa   nightly   completed   100%       vol-0aaa   20 GiB   1 MiB", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Creates_a_volume_in_a_pool_by_way_of_EC2()
    {
        _cloud.Ec2.Answers["DescribeAvailabilityZones"] = _ => "<availabilityZoneInfo><item><zoneName>us-east-1a</zoneName></item></availabilityZoneInfo>";
        _cloud.Ec2.Answers["CreateVolume"] = _ => "<volumeId>vol-0aaa</volumeId>";
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("volume create --size 20 --name new --pool fast"));
        Assert.Equal("vol-0aaa\n", cli.Out.ToString());
        var form = _cloud.Ec2.Calls.Single(c => c.Action == "CreateVolume").Form;
        Assert.Equal(
            ("20", "gp3", "us-east-1a", "volume", "Name", "new", "skep.dev/pool", "fast"),
            (form["Size"], form["VolumeType"], form["AvailabilityZone"], form["TagSpecification.1.ResourceType"], form["TagSpecification.1.Tag.1.Key"],
                form["TagSpecification.1.Tag.1.Value"], form["TagSpecification.1.Tag.2.Key"], form["TagSpecification.1.Tag.2.Value"]));
    }

    [Fact]
    public async Task Restores_the_snapshot_that_a_name_means()
    {
        _cloud.Ec2.Answers["DescribeAvailabilityZones"] = _ => "<availabilityZoneInfo><item><zoneName>us-east-1a</zoneName></item></availabilityZoneInfo>";
        _cloud.Ec2.Answers["CreateVolume"] = _ => "<volumeId>vol-0bbb</volumeId>";
        Assert.Equal(0, await _cloud.Cli.RunAsync("snapshot restore nightly --size 40"));
        var form = _cloud.Ec2.Calls.Single(c => c.Action == "CreateVolume").Form;
        Assert.Equal(("snap-0aaa", "40"), (form["SnapshotId"], form["Size"]));
    }

    [Theory]
    [InlineData("volume delete nosuch", ExitCode.NotFound, "there is no volume \"nosuch\"")]
    [InlineData("volume describe vol-0", ExitCode.Usage, "\"vol-0\" means 2 volumes: vol-0aaa, vol-0bbb")]
    [InlineData("volume create", ExitCode.Usage, "how large?")]
    [InlineData("snapshot create", ExitCode.Usage, "of what?")]
    [InlineData("snapshot create data --vm web", ExitCode.Usage, "of what?")]
    [InlineData("pool remove default", ExitCode.Usage, "it stays")]
    [InlineData("pool remove nosuch", ExitCode.NotFound, "nosuch")]
    [InlineData("pool set-default nosuch", ExitCode.NotFound, "nosuch")]
    public async Task Says_what_is_wrong(string line, int code, string message)
    {
        var cli = _cloud.Cli;
        Assert.Equal(code, await cli.RunAsync(line));
        Assert.Contains(message, cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chooses_the_pool_of_volumes_that_name_none()
    {
        _cloud.Resources.Put(ApiResource.StoragePools, "default", JsonNode.Parse("""{"spec":{"class":"local"},"status":{"state":"ready"}}""")!.AsObject());
        _cloud.Resources.Put(ApiResource.StoragePools, "fast", JsonNode.Parse("""{"spec":{"class":"local","path":"/fast"},"status":{"state":"ready"}}""")!.AsObject());
        Assert.Equal(0, await _cloud.Cli.RunAsync("pool set-default fast"));
        Assert.Equal("fast", _cloud.Resources.Find(ApiResource.StoragePools, "default")!.TextAt("spec.defaultPool"));
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("pool list"));
        Assert.Contains("fast      yes", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("default   yes", cli.Out.ToString(), StringComparison.Ordinal);
        cli = _cloud.Cli;
        Assert.Equal(ExitCode.Conflict, await cli.RunAsync("pool remove fast"));
        Assert.Contains("set-default", cli.Error.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await _cloud.Cli.RunAsync("pool set-default default"));
        Assert.Null(_cloud.Resources.Find(ApiResource.StoragePools, "default")!.TextAt("spec.defaultPool"));
        Assert.Equal(0, await _cloud.Cli.RunAsync("pool remove fast"));
    }

    [Fact]
    public async Task Verification_names_damaged_blocks_and_fails()
    {
        Verifies("""{"phase":"Succeeded","progress":100,"bytes":1048576,"damageCount":2,"damages":[{"block":7,"message":"block 7 of snapshot snap-0aaa: damaged"},{"block":9,"message":"block 9 of snapshot snap-0aaa: damaged"}]}""");
        var cli = _cloud.Cli;
        Assert.Equal(ExitCode.Failure, await cli.RunAsync("snapshot verify nightly"));
        Assert.Contains("block 7 of snapshot snap-0aaa: damaged\nblock 9 of snapshot snap-0aaa: damaged\nnightly (snap-0aaa): 2 damaged blocks, 1 MiB read", cli.Out.ToString(), StringComparison.Ordinal);
        Assert.Contains("nightly (snap-0aaa) is damaged", cli.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_of_a_whole_snapshot_succeeds()
    {
        Verifies("""{"phase":"Succeeded","progress":100,"bytes":1048576,"damageCount":0,"damages":[]}""");
        var cli = _cloud.Cli;
        Assert.Equal(0, await cli.RunAsync("snapshot verify snapshot.storage.skep.dev/snap-0aaa"));
        Assert.Contains("nightly (snap-0aaa): whole, 1 MiB read", cli.Out.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_that_found_nothing_out_fails()
    {
        Verifies("""{"phase":"Failed","message":"the store is away"}""");
        var cli = _cloud.Cli;
        Assert.Equal(ExitCode.Failure, await cli.RunAsync("snapshot verify nightly"));
        Assert.Contains("the store is away", cli.Error.ToString(), StringComparison.Ordinal);
    }

    private static JsonObject Volume(string name) => JsonNode.Parse(
        $$$"""{"spec":{"sizeGib":20,"volumeType":"gp3","tags":{"Name":"{{{name}}}"}},"status":{"state":"available"}}""")!.AsObject();

    /// <summary>Has verifications end with a status at once.</summary>
    private void Verifies(string status) => _cloud.Resources.OnWrite = (path, document) =>
    {
        if (!path.Contains("/snapshotverifications/", StringComparison.Ordinal) || document["status"] is not null)
            return;
        var done = document.DeepClone().AsObject();
        done["status"] = JsonNode.Parse(status);
        _cloud.Resources.Put(ApiResource.SnapshotVerifications, done.Name(), done);
    };
}

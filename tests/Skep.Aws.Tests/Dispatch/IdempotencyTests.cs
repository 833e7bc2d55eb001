using Skep.Aws.Dispatch;
using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Aws.Tests.Dispatch;

public sealed class IdempotencyTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_token_gets_the_first_answer()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var first = await world.RunAsync(Ct, 2, ("ClientToken", "once"));
        var second = await world.RunAsync(Ct, 2, ("ClientToken", "once"));
        Assert.Equal(first, second);
        Assert.Equal(2, world.Client.View.Count(ComputeKinds.Instance.GroupResource));
    }

    [Fact]
    public async Task Many_at_once_with_one_token_launch_once()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.RunAsync(Ct, 1, ("ClientToken", "once"))));
        Assert.Single(answers.Select(a => a[0]).Distinct());
        Assert.Equal(1, world.Client.View.Count(ComputeKinds.Instance.GroupResource));
    }

    [Fact]
    public async Task Other_parameters_with_the_same_token_are_refused()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.RunAsync(Ct, 1, ("ClientToken", "once"));
        Assert.Equal("IdempotentParameterMismatch", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("InstanceType", "t3.nano"), ("MinCount", "1"), ("MaxCount", "1"), ("ClientToken", "once")));
    }

    [Fact]
    public async Task A_token_whose_instance_is_terminated_says_so()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct, 1, ("ClientToken", "once")))[0];
        await world.Ec2Async("TerminateInstances", Ct, ("InstanceId.1", id));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal("IdempotentInstanceTerminated", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1"), ("ClientToken", "once")));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("\u00e4")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789")]
    public async Task A_token_is_64_printable_characters_at_most(string token)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), ("ClientToken", token)));
    }

    [Fact]
    public async Task A_record_goes_after_a_day_once_its_instances_are_gone()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct, 1, ("ClientToken", "once")))[0];
        var cleaner = new IdempotencyCleaner(world.Client);
        var key = world.Client.View.List(AwsKinds.IdempotencyRecord.GroupResource, "default", after: null).Single().Key;

        Assert.Equal(TimeSpan.FromHours(24), await cleaner.ReconcileAsync(key, Ct));
        ((TestClock)world.Clock).Advance(TimeSpan.FromHours(25));
        await cleaner.ReconcileAsync(key, Ct);
        Assert.NotNull(world.Client.View.Get(key));

        var instance = ComputeKinds.Instance.Key("default", id);
        await world.Client.DeleteAsync(instance, Ct);
        await world.Client.ModifyAsync(ComputeKinds.Instance, instance, i => { i.Metadata.Finalizers = null; return true; }, Ct);
        Assert.Null(world.Client.View.Get(instance));
        await cleaner.ReconcileAsync(key, Ct);
        Assert.Null(world.Client.View.Get(key));
    }
}

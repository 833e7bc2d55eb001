using Skep.Compute.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class InstanceStateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Goes_through_EC2s_states()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal(("running", "stopping"), await ChangeAsync(world, "StopInstances", id));
        Assert.Equal(("stopping", "stopping"), await ChangeAsync(world, "StopInstances", id));
        Assert.Equal("IncorrectInstanceState", await world.Ec2ErrorAsync("StartInstances", Ct, ("InstanceId.1", id)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal(("stopped", "pending"), await ChangeAsync(world, "StartInstances", id));
        Assert.Equal("IncorrectInstanceState", await world.Ec2ErrorAsync("StopInstances", Ct, ("InstanceId.1", id)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal(("running", "running"), await ChangeAsync(world, "StartInstances", id));
        Assert.Equal(("running", "shutting-down"), await ChangeAsync(world, "TerminateInstances", id));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal(("terminated", "terminated"), await ChangeAsync(world, "TerminateInstances", id));
        Assert.Equal("IncorrectInstanceState", await world.Ec2ErrorAsync("StartInstances", Ct, ("InstanceId.1", id)));

        var shown = (await world.Ec2Async("DescribeInstances", Ct, ("InstanceId.1", id))).Descendants("instancesSet").Single().Element("item")!;
        Assert.Equal("48", shown.Element("instanceState")!.Element("code")!.Value);
        Assert.Equal("Client.UserInitiatedShutdown", shown.Element("stateReason")!.Element("code")!.Value);
        Assert.StartsWith("User initiated (2026-01-02 03:04:05 GMT)", shown.Element("reason")!.Value, StringComparison.Ordinal);
        Assert.Empty(shown.Element("networkInterfaceSet")!.Elements());
    }

    [Fact]
    public async Task A_reboot_is_asked_for_by_counting()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        Assert.Equal("IncorrectInstanceState", await world.Ec2ErrorAsync("RebootInstances", Ct, ("InstanceId.1", id)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal("true", (await world.Ec2Async("RebootInstances", Ct, ("InstanceId.1", id))).Element("return")!.Value);
        Assert.Equal(1, world.Client.View.Get(ComputeKinds.Instance, "default", id)!.Spec.Reboots);
    }

    [Fact]
    public async Task Protection_refuses_the_whole_request()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var free = (await world.RunAsync(Ct))[0];
        var kept = (await world.RunAsync(Ct, 1, ("DisableApiTermination", "true"), ("DisableApiStop", "true")))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal("OperationNotPermitted", await world.Ec2ErrorAsync("TerminateInstances", Ct, ("InstanceId.1", free), ("InstanceId.2", kept)));
        Assert.Equal("OperationNotPermitted", await world.Ec2ErrorAsync("StopInstances", Ct, ("InstanceId.1", kept)));
        Assert.Equal("running", world.Client.View.Get(ComputeKinds.Instance, "default", free)!.Status!.State);
    }

    [Fact]
    public async Task A_stopped_instance_needs_room_to_start()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct, 1, ("InstanceType", "m5.large")))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await ChangeAsync(world, "StopInstances", id);
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await world.RunAsync(Ct, 1, ("InstanceType", "m5.large"), ("MaxCount", "100"));
        Assert.Equal("InsufficientInstanceCapacity", await world.Ec2ErrorAsync("StartInstances", Ct, ("InstanceId.1", id)));
    }

    [Fact]
    public async Task Status_shows_running_instances_unless_asked_for_all()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var running = (await world.RunAsync(Ct))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await world.RunAsync(Ct);
        var shown = await world.Ec2Async("DescribeInstanceStatus", Ct);
        Assert.Equal(running, shown.Descendants("instanceId").Single().Value);
        Assert.Equal("initializing", shown.Descendants("instanceStatus").Single().Element("status")!.Value);
        Assert.Equal("ok", shown.Descendants("systemStatus").Single().Element("status")!.Value);
        await world.Client.ModifyAsync(ComputeKinds.Instance, ComputeKinds.Instance.Key("default", running), i => { i.Status!.GuestReachableTime = world.Clock.GetUtcNow(); return true; }, Ct);
        Assert.Single((await world.Ec2Async("DescribeInstanceStatus", Ct, ("Filter.1.Name", "instance-status.reachability"), ("Filter.1.Value.1", "passed"))).Descendants("instanceId"));
        Assert.Equal(2, (await world.Ec2Async("DescribeInstanceStatus", Ct, ("IncludeAllInstances", "true"))).Descendants("instanceId").Count());
    }

    [Fact]
    public async Task An_instance_made_through_another_dialect_is_shown_too()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.Client.CreateAsync(ComputeKinds.Instance, new Instance { Metadata = { Name = "by-hand", Namespace = "default" }, Spec = { ImageId = AwsWorld.ImageId, InstanceType = "t3.micro" } }, Ct);
        Assert.Equal("by-hand", (await world.Ec2Async("DescribeInstances", Ct)).Descendants("instanceId").Single().Value);
    }

    private static async Task<(string Before, string After)> ChangeAsync(AwsWorld world, string operation, string id)
    {
        var item = (await world.Ec2Async(operation, Ct, ("InstanceId.1", id))).Descendants("item").Single();
        return (item.Element("previousState")!.Element("name")!.Value, item.Element("currentState")!.Element("name")!.Value);
    }
}

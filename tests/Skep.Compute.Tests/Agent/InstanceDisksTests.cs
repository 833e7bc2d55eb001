using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Compute.Tests.Agent;

public sealed class InstanceDisksTests
{
    private const string Data = "vol-000000000000000da";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_volume_attached_to_a_running_instance_is_plugged_in()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        Assert.Equal([(AgentWorld.VolumeId, "attached")], States(world));
        await AttachAsync(world);
        await world.SettleAsync(agent);
        Assert.Equal([(AgentWorld.VolumeId, "attached"), (Data, "attached")], States(world));
        Assert.Equal(1, world.Hypervisor.Starts);
    }

    [Fact]
    public async Task A_volume_that_is_still_made_is_waited_for()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        await AttachAsync(world, v => v.Status = new() { State = "creating" });
        await world.SettleAsync(agent);
        Assert.Equal([(AgentWorld.VolumeId, "attached")], States(world));
        await world.Client.ModifyAsync(StorageKinds.Volume, Key, v => { v.Status = new() { State = "in-use", Path = "/d", Format = "raw" }; return true; }, Ct);
        await world.SettleAsync(agent);
        Assert.Contains((Data, "attached"), States(world));
    }

    [Fact]
    public async Task A_detached_volume_is_given_back_when_the_guest_lets_go()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await AttachAsync(world);
        await world.SettleAsync(agent);
        world.Hypervisor.LetsGo = false;
        await DetachAsync(world, VolumeDetach.Requested);
        Assert.Equal(TimeSpan.FromSeconds(5), await world.SettleAsync(agent));
        Assert.Contains((Data, "detaching"), States(world));
        world.Clock.Advance(TimeSpan.FromSeconds(15));
        await world.SettleAsync(agent);
        Assert.Contains((Data, "busy"), States(world));
        world.Clock.Advance(TimeSpan.FromHours(1)); // nobody forces it
        await world.SettleAsync(agent);
        Assert.NotNull(Volume(world)!.Spec.Attachment);

        world.Hypervisor.LetsGo = true;
        await world.SettleAsync(world.NewAgent()); // also by another daemon
        Assert.Equal([(AgentWorld.VolumeId, "attached")], States(world));
        Assert.Null(Volume(world)!.Spec.Attachment);
        Assert.DoesNotContain(world.Instance!.Spec.BlockDevices, d => d.VolumeId == Data);
    }

    [Fact]
    public async Task Force_waits_for_the_guest_for_a_while_only()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await AttachAsync(world);
        await world.SettleAsync(agent);
        world.Hypervisor.LetsGo = false;
        await DetachAsync(world, VolumeDetach.Forced);
        await world.SettleAsync(agent);
        Assert.NotNull(Volume(world)!.Spec.Attachment);
        world.Clock.Advance(TimeSpan.FromSeconds(30));
        await world.SettleAsync(agent);
        Assert.Null(Volume(world)!.Spec.Attachment);
        Assert.Equal([(AgentWorld.VolumeId, "attached")], States(world));
    }

    [Fact]
    public async Task An_instance_that_stops_gives_back_what_is_detaching()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await AttachAsync(world);
        await world.SettleAsync(agent);
        world.Hypervisor.LetsGo = false;
        await DetachAsync(world, VolumeDetach.Requested);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Stopped);
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Stopped, world.State);
        Assert.Null(Volume(world)!.Spec.Attachment);
        Assert.Null(world.Instance!.Status!.BlockDevices);
        Assert.Equal([AgentWorld.VolumeId], world.Instance.Spec.BlockDevices.Select(d => d.VolumeId));
    }

    [Fact]
    public async Task What_is_detached_before_the_start_does_not_start_with_it()
    {
        await using var world = await AgentWorld.CreateAsync();
        await AttachAsync(world);
        await DetachAsync(world, VolumeDetach.Requested);
        await world.SettleAsync(world.NewAgent());
        Assert.Equal([AgentWorld.VolumeId], world.Hypervisor.Config!.Disks.Select(d => d.VolumeId));
        Assert.Null(Volume(world)!.Spec.Attachment);
    }

    [Fact]
    public async Task Growth_and_limits_reach_the_machine_and_its_status()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await AttachAsync(world);
        await world.SettleAsync(agent);
        await world.Client.ModifyAsync(StorageKinds.Volume, Key, v => { v.Spec.SizeGib = 7; v.Status!.Limits = new VolumeLimits { Iops = 500, BytesPerSecond = 1 << 20, OperationBytes = 4096 }; return true; }, Ct);
        await world.SettleAsync(agent);
        var device = world.Instance!.Status!.BlockDevices!.Single(d => d.VolumeId == Data);
        Assert.Equal((7, 500), (device.SizeGib, device.Limits!.Iops));
    }

    [Fact]
    public async Task A_volume_that_is_to_grow_holds_a_start_back()
    {
        await using var world = await AgentWorld.CreateAsync();
        await AttachAsync(world, v => (v.Spec.SizeGib, v.Status!.SizeGib) = (7, 1));
        var agent = world.NewAgent();
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Pending, world.State);
        await world.Client.ModifyAsync(StorageKinds.Volume, Key, v => { v.Status!.SizeGib = 7; return true; }, Ct);
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Running, world.State);
    }

    [Fact]
    public async Task An_instance_that_lost_its_root_does_not_start()
    {
        await using var world = await AgentWorld.CreateAsync(i => i.Spec.BlockDevices[0].DeviceName = "/dev/sdf");
        await world.SettleAsync(world.NewAgent());
        Assert.Contains("no volume is attached at root (/dev/xvda)", world.Instance!.Status!.StateReason!.Message, StringComparison.Ordinal);
        Assert.Equal(0, world.Hypervisor.Starts);
    }

    [Fact]
    public async Task Each_disk_ends_with_the_instance_or_not_as_was_said()
    {
        await using var world = await AgentWorld.CreateAsync();
        var agent = world.NewAgent();
        await AttachAsync(world);
        await world.SettleAsync(agent);
        await world.ChangeAsync(i => i.Spec.RunState = InstanceRunState.Terminated);
        await world.SettleAsync(agent);
        Assert.Equal(InstanceState.Terminated, world.State);
        Assert.Null(world.Volume);
        Assert.NotNull(Volume(world));
        Assert.Null(Volume(world)!.Spec.Attachment);
    }

    private static Core.Resources.ResourceKey Key { get; } = StorageKinds.Volume.Key("default", Data);

    private static Volume? Volume(AgentWorld world) => world.Client.View.Get(StorageKinds.Volume, "default", Data);

    private static List<(string, string)> States(AgentWorld world) => [.. (world.Instance!.Status!.BlockDevices ?? []).Select(d => (d.VolumeId, d.State))];

    /// <summary>What AttachVolume writes.</summary>
    private static async Task AttachAsync(AgentWorld world, Action<Volume>? change = null)
    {
        var volume = new Volume
        {
            Metadata = { Name = Data, Namespace = "default" },
            Spec = { SizeGib = 1, NodeName = "node", Attachment = new() { InstanceId = AgentWorld.Id, Device = "/dev/sdf" } },
            Status = new() { State = "in-use", Path = "/volumes/data.qcow2", Format = "qcow2", SizeGib = 1 },
        };
        change?.Invoke(volume);
        await world.Client.CreateAsync(StorageKinds.Volume, volume, Ct);
        await world.ChangeAsync(i => i.Spec.BlockDevices.Add(new() { DeviceName = "/dev/sdf", VolumeId = Data, DeleteOnTermination = false }));
    }

    private static Task DetachAsync(AgentWorld world, string how) => world.Client.ModifyAsync(
        StorageKinds.Volume,
        Key,
        v =>
        {
            v.Spec.Attachment!.Detach = how;
            v.Spec.Attachment.DetachTime = world.Clock.GetUtcNow();
            return true;
        },
        Ct);
}

using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Storage.Kinds;
using Skep.Testing;

namespace Skep.Scheduling.Tests;

public sealed class PlacementTests
{
    private const long Mib = 1024 * 1024;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Instances_spread_over_nodes_by_free_memory()
    {
        await using var world = await WorldAsync(("a", 3000), ("b", 2000));
        Assert.True(new Placement(world.Clock).TryPlace(world.Client.View, Requests(3), out var reservation, out _));
        Assert.Equal(["a", "a", "b"], reservation.NodeNames.Values.Order());
    }

    [Fact]
    public async Task All_or_none_and_how_many_would_fit()
    {
        await using var world = await WorldAsync(("a", 3000));
        var placement = new Placement(world.Clock);
        Assert.False(placement.TryPlace(world.Client.View, Requests(3), out _, out var problem));
        Assert.Equal((2, false), (problem.Placed, problem.IsPermanent));
        Assert.Equal(
            "t3.micro needs 1024 MiB of memory and 64 MiB to run it, and 2 vCPUs; the node with the most left, a, has 824 of 3000 MiB and 28 of 32 vCPUs free",
            problem.Message);
        Assert.True(placement.TryPlace(world.Client.View, Requests(2), out _, out _));
    }

    [Fact]
    public async Task A_type_that_no_node_could_ever_hold_is_told_apart()
    {
        await using var world = await WorldAsync(("a", 1000), ("b", 1087));
        Assert.False(new Placement(world.Clock).TryPlace(world.Client.View, Requests(1), out _, out var problem));
        Assert.True(problem.IsPermanent);
        Assert.Equal("t3.micro needs 1024 MiB of memory and 64 MiB to run it, and 2 vCPUs; the largest node, b, offers 1087 MiB and 32 vCPUs in all", problem.Message);
    }

    [Fact]
    public async Task Processors_are_given_out_sixteen_times_and_no_more()
    {
        await using var world = await WorldAsync(("a", 1_000_000));
        Assert.False(new Placement(world.Clock).TryPlace(world.Client.View, Requests(17), out _, out var problem));
        Assert.Equal(16, problem.Placed);
    }

    [Fact]
    public async Task What_others_were_promised_counts_until_they_give_it_back()
    {
        await using var world = await WorldAsync(("a", 1100));
        var placement = new Placement(world.Clock);
        Assert.True(placement.TryPlace(world.Client.View, Requests(1), out var first, out _));
        Assert.False(placement.TryPlace(world.Client.View, Requests(1, "other"), out _, out _));
        first.Dispose();
        Assert.True(placement.TryPlace(world.Client.View, Requests(1, "other"), out _, out _));
    }

    [Fact]
    public async Task A_forgotten_reservation_ends_by_itself()
    {
        await using var world = await WorldAsync(("a", 1100));
        var placement = new Placement(world.Clock);
        Assert.True(placement.TryPlace(world.Client.View, Requests(1), out _, out _));
        world.Clock.Advance(Placement.HoldTime);
        Assert.True(placement.TryPlace(world.Client.View, Requests(1, "other"), out _, out _));
    }

    [Fact]
    public async Task A_committed_instance_counts_once_in_old_and_new_views()
    {
        await using var world = await WorldAsync(("a", 2200));
        var placement = new Placement(world.Clock);
        var before = world.Client.View;
        Assert.True(placement.TryPlace(before, Requests(1), out var reservation, out _));
        await CreateAsync(world, "i0", "a", InstanceState.Pending);
        reservation.Confirm(world.Client.View);
        foreach (var view in (Core.Store.View[])[before, world.Client.View])
        {
            Assert.False(placement.TryPlace(view, Requests(2, "other"), out _, out var problem));
            Assert.Equal(1, problem.Placed);
        }
    }

    [Theory]
    [InlineData(InstanceState.Pending, InstanceRunState.Running, false)]
    [InlineData(InstanceState.Running, InstanceRunState.Running, false)]
    [InlineData(InstanceState.Stopping, InstanceRunState.Stopped, false)]
    [InlineData(InstanceState.ShuttingDown, InstanceRunState.Terminated, false)]
    [InlineData(InstanceState.Stopped, InstanceRunState.Running, false)]
    [InlineData(InstanceState.Stopped, InstanceRunState.Stopped, true)]
    [InlineData(InstanceState.Terminated, InstanceRunState.Terminated, true)]
    public async Task Memory_is_free_when_the_machine_is_gone(string state, string runState, bool fits)
    {
        await using var world = await WorldAsync(("a", 1100));
        await CreateAsync(world, "i0", "a", state, runState);
        Assert.Equal(fits, new Placement(world.Clock).TryPlace(world.Client.View, Requests(1, "other"), out _, out _));
    }

    [Fact]
    public async Task An_instance_that_starts_again_stays_on_its_node_and_is_not_counted_twice()
    {
        await using var world = await WorldAsync(("a", 1100), ("b", 9000));
        await CreateAsync(world, "i0", "a", InstanceState.Stopped, InstanceRunState.Running);
        var request = new PlacementRequest(ComputeKinds.Instance.Key("default", "i0"), "t3.micro", "a");
        Assert.True(new Placement(world.Clock).TryPlace(world.Client.View, [request], out var reservation, out _));
        Assert.Equal("a", reservation.NodeNames.Values.Single());
    }

    [Fact]
    public async Task Closed_and_silent_nodes_get_nothing_new()
    {
        await using var world = await WorldAsync(("a", 9000), ("b", 9000));
        await world.Client.ModifyAsync(CoreKinds.Node, CoreKinds.Node.Key("", "a"), n => { n.Spec.Unschedulable = true; return true; }, Ct);
        await world.Client.ModifyAsync(CoreKinds.Node, CoreKinds.Node.Key("", "b"), n => { n.Status!.Conditions![0].Status = "Unknown"; return true; }, Ct);
        Assert.False(new Placement(world.Clock).TryPlace(world.Client.View, Requests(1), out _, out var problem));
        Assert.Equal(("no node is ready to run instances", false), (problem.Message, problem.IsPermanent));
    }

    [Fact]
    public async Task An_unknown_type_is_named()
    {
        await using var world = await WorldAsync(("a", 9000));
        var request = new PlacementRequest(ComputeKinds.Instance.Key("default", "i0"), "x9.huge", null);
        Assert.False(new Placement(world.Clock).TryPlace(world.Client.View, [request], out _, out var problem));
        Assert.Equal("instance type x9.huge does not exist", problem.Message);
    }

    [Fact]
    public async Task Many_callers_at_once_never_get_more_than_there_is()
    {
        const int Room = 10;
        await using var world = await WorldAsync(("a", Room * 1088));
        var placement = new Placement(world.Clock);
        var view = world.Client.View;
        var results = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => placement.TryPlace(view, Requests(1, $"caller{i}-"), out _, out _), Ct)));
        Assert.Equal(Room, results.Count(placed => placed));
    }

    [Fact]
    public async Task The_scheduler_binds_an_instance_together_with_its_volume()
    {
        await using var world = await WorldAsync(("a", 9000));
        await CreateVolumeAsync(world, nodeName: null);
        await CreateAsync(world, "i0", null, InstanceState.Pending, change: WithVolume);
        await new InstanceScheduler(world.Client, new Placement(world.Clock)).ReconcileAsync(ComputeKinds.Instance.Key("default", "i0"), Ct);
        Assert.Equal("a", world.Client.View.Get(ComputeKinds.Instance, "default", "i0")!.Spec.NodeName);
        Assert.Equal("a", world.Client.View.Get(StorageKinds.Volume, "default", "vol-1")!.Spec.NodeName);
    }

    [Fact]
    public async Task The_scheduler_follows_a_volume_that_has_its_place_already()
    {
        await using var world = await WorldAsync(("a", 9000), ("b", 2000));
        await CreateVolumeAsync(world, "b");
        await CreateAsync(world, "i0", null, InstanceState.Pending, change: WithVolume);
        await new InstanceScheduler(world.Client, new Placement(world.Clock)).ReconcileAsync(ComputeKinds.Instance.Key("default", "i0"), Ct);
        Assert.Equal("b", world.Client.View.Get(ComputeKinds.Instance, "default", "i0")!.Spec.NodeName);
    }

    [Fact]
    public async Task An_instance_without_room_says_so_and_is_bound_when_there_is()
    {
        await using var world = await WorldAsync(("a", 1100));
        await CreateAsync(world, "i0", "a", InstanceState.Running);
        await CreateAsync(world, "i1", null, InstanceState.Pending);
        var scheduler = new InstanceScheduler(world.Client, new Placement(world.Clock));
        var key = ComputeKinds.Instance.Key("default", "i1");
        Assert.NotNull(await scheduler.ReconcileAsync(key, Ct));
        Assert.Equal("Server.InsufficientInstanceCapacity", world.Client.View.Get(ComputeKinds.Instance, "default", "i1")!.Status!.StateReason!.Code);
        await world.Client.ModifyAsync(ComputeKinds.Instance, ComputeKinds.Instance.Key("default", "i0"), i => { i.Status!.State = InstanceState.Terminated; return true; }, Ct);
        Assert.Null(await scheduler.ReconcileAsync(key, Ct));
        var bound = world.Client.View.Get(ComputeKinds.Instance, "default", "i1")!;
        Assert.Equal(("a", null), (bound.Spec.NodeName, bound.Status!.StateReason));
    }

    private static List<PlacementRequest> Requests(int count, string prefix = "i") =>
        [.. Enumerable.Range(0, count).Select(i => new PlacementRequest(ComputeKinds.Instance.Key("default", $"{prefix}{i}"), "t3.micro", null))];

    private static async Task<TestResources> WorldAsync(params (string Name, long MemoryMib)[] nodes)
    {
        var world = await TestResources.CreateAsync([.. ComputeKinds.All, .. StorageKinds.All], Ct);
        await world.Client.CreateAsync(ComputeKinds.InstanceType, new InstanceType { Metadata = { Name = "t3.micro" }, Spec = { VCpus = 2, MemoryMib = 1024 } }, Ct);
        foreach (var (name, memoryMib) in nodes)
        {
            var node = new Node
            {
                Metadata = { Name = name },
                Status = new NodeStatus
                {
                    Allocatable = new NodeResources { Cpu = "2", Memory = $"{memoryMib * Mib}" },
                    Conditions = [new Condition { Type = "Ready", Status = "True" }],
                    NodeInfo = new NodeSystemInfo { Acceleration = "kvm" },
                },
            };
            await world.Client.CreateAsync(CoreKinds.Node, node, Ct);
        }

        return world;
    }

    private static Task CreateAsync(TestResources world, string name, string? node, string state, string runState = InstanceRunState.Running, Action<Instance>? change = null)
    {
        var instance = new Instance
        {
            Metadata = { Name = name, Namespace = "default" },
            Spec = { ImageId = "ami-1", InstanceType = "t3.micro", NodeName = node, RunState = runState },
            Status = new InstanceStatus { State = state },
        };
        change?.Invoke(instance);
        return world.Client.CreateAsync(ComputeKinds.Instance, instance, Ct);
    }

    private static void WithVolume(Instance instance) => instance.Spec.BlockDevices = [new InstanceBlockDevice { DeviceName = "/dev/xvda", VolumeId = "vol-1" }];

    private static Task CreateVolumeAsync(TestResources world, string? nodeName) => world.Client.CreateAsync(
        StorageKinds.Volume,
        new Volume { Metadata = { Name = "vol-1", Namespace = "default" }, Spec = { SizeGib = 1, NodeName = nodeName } },
        Ct);
}

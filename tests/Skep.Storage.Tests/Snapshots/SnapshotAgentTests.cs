using Microsoft.Extensions.Logging.Abstractions;
using Skep.Blocks.Chunks;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Storage.Kinds;
using Skep.Storage.Pools;
using Skep.Storage.Snapshots;
using Skep.Storage.Tests.Volumes;

namespace Skep.Storage.Tests.Snapshots;

public sealed class SnapshotAgentTests
{
    private const int Block = ChunkStore.BlockBytes;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_simulation_a_snapshot_of_a_volume_is_complete_at_once_and_has_no_data()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        await world.MakeAsync("vol-1", _ => { });
        await using var agent = NewAgent(world);
        await CreateAsync(world, "snap-1", s => s.VolumeId = "vol-1");
        await ReconcileAsync(agent, "snap-1");
        var snapshot = Get(world, "snap-1")!;
        Assert.Equal((SnapshotState.Completed, 100, "node"), (snapshot.Status!.State, snapshot.Status.Progress, snapshot.Spec.NodeName));
        Assert.Contains(Snapshot.Finalizer, snapshot.Metadata.Finalizers!);
    }

    [Fact]
    public async Task Blocks_put_one_by_one_become_a_snapshot_when_it_is_sealed_also_by_another_daemon()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        await using var agent = NewAgent(world);
        await CreateAsync(world, "snap-1", s => s.Source = SnapshotSource.Direct);
        await ReconcileAsync(agent, "snap-1");
        Assert.Equal(SnapshotState.Pending, Get(world, "snap-1")!.Status!.State);

        var content = new byte[Block];
        content.AsSpan().Fill(7);
        var writer = await world.Stores.OpenWriterAsync(SnapshotWork.RequestOf(Get(world, "snap-1")!, null), Ct);
        await writer.PutBlockAsync(3, content, Ct);
        await writer.FlushAsync(Ct);
        await world.Stores.CloseWriterAsync("snap-1"); // what a restart does
        await world.Client.ModifyAsync(StorageKinds.Snapshot, Key("snap-1"), s => { s.Spec.Sealed = true; return true; }, Ct);
        await ReconcileUntilDoneAsync(world, agent, "snap-1");
        var status = Get(world, "snap-1")!.Status!;
        Assert.Equal((SnapshotState.Completed, (long)Block, (long)Block), (status.State, status.ChangedBytes, status.DataBytes));
        await using var reader = await world.Stores.OpenReaderAsync("snap-1", Ct);
        Assert.Equal([3L], reader.ListBlocks(0));

        await CreateAsync(world, "snap-2", s => (s.Source, s.SourceSnapshotId) = (SnapshotSource.Copy, "snap-1"));
        var store = await world.Stores.OpenAsync(Ct);
        await store.CopyAsync("snap-1", store, SnapshotWork.RequestOf(Get(world, "snap-2")!, null), null, Ct);
        await using var copy = await world.Stores.OpenReaderAsync("snap-2", Ct);
        Assert.Empty(SnapshotReader.ListChangedBlocks(reader, copy, 0));
    }

    [Fact]
    public async Task A_snapshot_goes_from_the_store_once_no_volume_comes_from_it_any_more()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        await using var agent = NewAgent(world);
        await CreateAsync(world, "snap-1", s => (s.Source, s.Sealed) = (SnapshotSource.Direct, true));
        await ReconcileUntilDoneAsync(world, agent, "snap-1");
        var store = await world.Stores.OpenAsync(Ct);
        Assert.NotNull(await store.FindAsync("snap-1", Ct));
        await world.MakeAsync("vol-1", s => s.SnapshotId = "snap-1");
        await world.Client.ModifyAsync(StorageKinds.Volume, StorageWorld.Key("vol-1"), v => { v.Status!.HydratingFrom = "snap-1"; return true; }, Ct);

        await world.Client.DeleteAsync(Key("snap-1"), Ct);
        Assert.NotNull(await agent.ReconcileAsync(Key("snap-1"), Ct));
        Assert.NotNull(await store.FindAsync("snap-1", Ct));

        await world.Client.ModifyAsync(StorageKinds.Volume, StorageWorld.Key("vol-1"), v => { v.Status!.HydratingFrom = null; return true; }, Ct);
        Assert.Null(await agent.ReconcileAsync(Key("snap-1"), Ct));
        Assert.Null(await store.FindAsync("snap-1", Ct));
        Assert.Null(Get(world, "snap-1"));
    }

    [Fact]
    public async Task A_snapshot_of_a_volume_that_does_not_exist_fails_and_says_so()
    {
        await using var world = await StorageWorld.CreateAsync();
        await using var agent = NewAgent(world);
        await CreateAsync(world, "snap-1", s => (s.VolumeId, s.NodeName) = ("vol-9", "node"));
        await ReconcileUntilDoneAsync(world, agent, "snap-1");
        var status = Get(world, "snap-1")!.Status!;
        Assert.Equal(SnapshotState.Error, status.State);
        Assert.Contains("vol-9", status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_of_another_node_is_left_alone()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        await using var agent = NewAgent(world);
        await CreateAsync(world, "snap-1", s => (s.VolumeId, s.NodeName) = ("vol-1", "elsewhere"));
        await ReconcileAsync(agent, "snap-1");
        Assert.Null(Get(world, "snap-1")!.Status);
    }

    [Fact]
    public async Task A_set_is_asked_for_in_one_step_and_fails_as_one()
    {
        await using var world = await StorageWorld.CreateAsync();
        var machines = new RefusingMachines();
        await using var agent = NewAgent(world, machines);
        await MakeAttachedAsync(world, "vol-1", "vol-2");
        await CreateSetAsync(world, ("snap-1", "vol-1"), ("snap-2", "vol-2"));
        await ReconcileAsync(agent, "snap-2");
        await ReconcileUntilDoneAsync(world, agent, "snap-1");
        await ReconcileUntilDoneAsync(world, agent, "snap-2");
        Assert.Equal([["vol-1", "vol-2"]], machines.Asked);
        Assert.All((string[])["snap-1", "snap-2"], name => Assert.Equal((SnapshotState.Error, RefusingMachines.Reason, null), Get(world, name)!.Status is var s ? (s!.State, s.Message, s.CapturedTime) : default));
    }

    [Fact]
    public async Task A_set_waits_for_all_and_fails_with_the_first_that_cannot_be()
    {
        await using var world = await StorageWorld.CreateAsync();
        await using var agent = NewAgent(world);
        await CreateAsync(world, "snap-1", s => (s.VolumeId, s.NodeName, s.TakenWith) = ("vol-1", "node", ["snap-2"]));
        await agent.ReconcileAsync(Key("snap-1"), Ct);
        Assert.NotNull(await agent.ReconcileAsync(Key("snap-1"), Ct)); // snap-2 may come
        Assert.Equal(SnapshotState.Pending, Get(world, "snap-1")!.Status!.State);
        await CreateAsync(world, "snap-2", s => (s.VolumeId, s.NodeName, s.TakenWith) = ("vol-2", "node", ["snap-3"]));
        await ReconcileAsync(agent, "snap-1");
        Assert.Equal((SnapshotState.Error, "snapshot snap-2 does not name the same set of snapshots in takenWith"), Get(world, "snap-1")!.Status is var s ? (s!.State, s.Message) : default);
    }

    [Fact]
    public async Task A_set_does_not_survive_one_that_was_deleted_before_its_moment()
    {
        await using var world = await StorageWorld.CreateAsync();
        await using var agent = NewAgent(world);
        await CreateSetAsync(world, ("snap-1", "vol-1"), ("snap-2", "vol-2"));
        await agent.ReconcileAsync(Key("snap-1"), Ct);
        await agent.ReconcileAsync(Key("snap-2"), Ct);
        await world.Client.DeleteAsync(Key("snap-2"), Ct);
        await ReconcileAsync(agent, "snap-1");
        Assert.Equal((SnapshotState.Error, "snapshot snap-2, which was to be taken at the same moment, was deleted"), Get(world, "snap-1")!.Status is var s ? (s!.State, s.Message) : default);
    }

    private static async Task MakeAttachedAsync(StorageWorld world, params string[] volumes)
    {
        foreach (var name in volumes)
        {
            await world.Client.CreateAsync(StorageKinds.Volume, new Volume
            {
                Metadata = { Name = name, Namespace = "default" },
                Spec = { SizeGib = 1, NodeName = "node", Attachment = new VolumeAttachment { InstanceId = "i-1" } },
                Status = new VolumeStatus { State = VolumeState.InUse, Path = $"/nowhere/{name}", Format = "qcow2" },
            }, Ct);
        }
    }

    private static async Task CreateSetAsync(StorageWorld world, params (string Name, string Volume)[] set)
    {
        foreach (var (name, volume) in set)
            await CreateAsync(world, name, s => (s.VolumeId, s.NodeName, s.TakenWith) = (volume, "node", [.. set.Select(o => o.Name).Where(n => n != name)]));
    }

    private static SnapshotAgent NewAgent(StorageWorld world, IMachineDisks? machines = null) => new(
        world.Client, world.Stores, machines ?? new NoMachines(), world.NewLogs(), new PoolPlaces(world.Options), world.Keys, new CommandRunner(TimeProvider.System), world.Options, NullLogger<SnapshotAgent>.Instance);

    private static ResourceKey Key(string name) => StorageKinds.Snapshot.Key("default", name);

    private static Snapshot? Get(StorageWorld world, string name) => world.Client.View.Get(StorageKinds.Snapshot, "default", name);

    private static Task CreateAsync(StorageWorld world, string name, Action<SnapshotSpec> change)
    {
        var snapshot = new Snapshot { Metadata = { Name = name, Namespace = "default" }, Spec = { VolumeSizeGib = 1 } };
        change(snapshot.Spec);
        return world.Client.CreateAsync(StorageKinds.Snapshot, snapshot, Ct);
    }

    private static async Task ReconcileAsync(SnapshotAgent agent, string name)
    {
        await agent.ReconcileAsync(Key(name), Ct);
        await agent.ReconcileAsync(Key(name), Ct);
    }

    /// <summary>Lets the work go on beside the agent until the snapshot is complete or has failed.</summary>
    private static async Task ReconcileUntilDoneAsync(StorageWorld world, SnapshotAgent agent, string name)
    {
        var revision = world.Client.View.Revision;
        await ReconcileAsync(agent, name);
        if (IsDone())
            return;
        await foreach (var _ in world.Client.Store.WatchAsync(StorageKinds.Snapshot.GroupResource, revision, Ct))
        {
            if (IsDone())
                return;
        }

        bool IsDone() => Get(world, name)?.Status?.State is SnapshotState.Completed or SnapshotState.Error;
    }

    private sealed class NoMachines : IMachineDisks
    {
        public Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct) => Task.FromResult<IReadOnlyList<DiskCapture>?>(null);
        public Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct) => Task.FromResult<DiskCaptureProgress?>(null);
        public Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct) => Task.CompletedTask;
        public Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct) => Task.FromResult<GuestStillness?>(null);
        public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) => Task.FromResult<DiskHydration?>(null);
    }

    /// <summary>Machines that have every disk and cannot capture any.</summary>
    private sealed class RefusingMachines : IMachineDisks
    {
        public const string Reason = "machine of i-1: the disk is full";

        public List<List<string>> Asked { get; } = [];

        public Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct)
        {
            Asked.Add([.. requests.Select(r => r.VolumeId)]);
            throw new MachineDiskException(Reason, new IOException());
        }

        public Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct) => Task.FromResult<DiskCaptureProgress?>(null);
        public Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct) => Task.CompletedTask;
        public Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct) => Task.FromResult<GuestStillness?>(null);
        public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) => Task.FromResult<DiskHydration?>(null);
    }
}

using Skep.Core.Machines;
using Skep.Storage.Kinds;

namespace Skep.Storage.SystemTests.Snapshots;

public sealed class CaptureTests
{
    private const long MiB = 1 << 20;
    private const string Volume = "vol-0123456789abcdef0";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stopped_volume_is_read_without_its_holes_and_the_second_time_only_what_changed()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Volume);
        await world.WriteOfflineAsync(Volume, "write -P 0x11 0 4M");
        var first = await world.TakeSnapshotAsync("snap-1", Volume);
        Assert.Equal(("offline", 4 * MiB, 4 * MiB), (first.Status!.Consistency, first.Status.ChangedBytes, first.Status.DataBytes));
        await world.AssertContentAsync("snap-1", 0, (int)(4 * MiB), 0x11);
        await world.AssertContentAsync("snap-1", 4 * MiB, (int)MiB, 0);

        await world.WriteOfflineAsync(Volume, "write -P 0x22 1M 512k");
        await world.WriteOfflineAsync(Volume, "write -z 2M 1M");
        var second = await world.TakeSnapshotAsync("snap-2", Volume);
        Assert.Equal(("snap-1", 3 * MiB / 2), (second.Status!.BaseSnapshotId, second.Status.ChangedBytes));
        await world.AssertContentAsync("snap-2", 1 * MiB, 512 * 1024, 0x22);
        await world.AssertContentAsync("snap-2", 2 * MiB, (int)MiB, 0);
        await world.AssertContentAsync("snap-2", 3 * MiB, (int)MiB, 0x11);
        await world.AssertContentAsync("snap-1", 1 * MiB, (int)MiB, 0x11);
        Assert.Null(world.Volume(Volume).Status!.Hold);
    }

    [Fact]
    public async Task A_running_machine_is_captured_at_a_moment_while_it_goes_on_writing()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Volume);
        await world.StartMachineAsync(Volume);
        await world.GuestAsync(Volume, "write -P 0x11 0 4M");

        // The moment is fixed here; what is written after it must not be in the snapshot, however late it is read.
        var captures = await world.Hypervisor.BeginCapturesAsync([new DiskCaptureRequest(SnapshotWorld.Instance, Volume, "snap-1", null)], Ct);
        Assert.True(captures is [{ IsNew: true, HasOnlyChanges: false, Stillness: { FrozenFor: null } }]);
        await world.GuestAsync(Volume, "write -P 0x22 1M 1M");
        var first = await world.TakeSnapshotAsync("snap-1", Volume);
        Assert.Equal(4 * MiB, first.Status!.DataBytes);
        await world.AssertContentAsync("snap-1", 0, (int)(4 * MiB), 0x11);
        await AssertCleanAsync(world);

        var second = await world.TakeSnapshotAsync("snap-2", Volume);
        Assert.Equal(("snap-1", 1 * MiB, "crash"), (second.Status!.BaseSnapshotId, second.Status.ChangedBytes, second.Status.Consistency));
        await world.AssertContentAsync("snap-2", 1 * MiB, (int)MiB, 0x22);
        await world.AssertContentAsync("snap-2", 2 * MiB, (int)MiB, 0x11);
        await AssertCleanAsync(world);

        var third = await world.TakeSnapshotAsync("snap-3", Volume);
        Assert.Equal(("snap-2", 0L), (third.Status!.BaseSnapshotId, third.Status.ChangedBytes));
    }

    [Fact]
    public async Task Account_of_changes_survives_the_stop_of_the_machine()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Volume);
        await world.StartMachineAsync(Volume);
        await world.GuestAsync(Volume, "write -P 0x11 0 2M");
        await world.TakeSnapshotAsync("snap-1", Volume);
        await world.GuestAsync(Volume, "write -P 0x22 8M 512k");
        await world.StopMachineAsync();
        var second = await world.TakeSnapshotAsync("snap-2", Volume);
        Assert.Equal(("snap-1", "offline", 512 * 1024L), (second.Status!.BaseSnapshotId, second.Status.Consistency, second.Status.ChangedBytes));
        await world.AssertContentAsync("snap-2", 8 * MiB, 512 * 1024, 0x22);
        await world.AssertContentAsync("snap-2", 0, (int)(2 * MiB), 0x11);
    }

    [Fact]
    public async Task A_restarted_daemon_goes_on_with_the_capture_and_its_moment()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Volume);
        await world.StartMachineAsync(Volume);
        await world.GuestAsync(Volume, "write -P 0x11 0 2M");
        await world.Hypervisor.BeginCapturesAsync([new DiskCaptureRequest(SnapshotWorld.Instance, Volume, "snap-1", null)], Ct);
        await world.RestartAsync();
        await world.GuestAsync(Volume, "write -P 0x22 0 2M");
        await world.TakeSnapshotAsync("snap-1", Volume);
        await world.AssertContentAsync("snap-1", 0, (int)(2 * MiB), 0x11);
        await AssertCleanAsync(world);
    }

    [Fact]
    public async Task A_capture_that_is_not_kept_loses_nothing_of_the_account_before_it()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Volume);
        await world.StartMachineAsync(Volume);
        await world.GuestAsync(Volume, "write -P 0x11 0 1M");
        await world.TakeSnapshotAsync("snap-1", Volume);
        await world.GuestAsync(Volume, "write -P 0x22 2M 512k");
        var request = new DiskCaptureRequest(SnapshotWorld.Instance, Volume, "snap-lost", "snap-1");
        Assert.True((await world.Hypervisor.BeginCapturesAsync([request], Ct))![0].HasOnlyChanges);
        await world.GuestAsync(Volume, "write -P 0x33 4M 512k");
        await world.Hypervisor.EndCaptureAsync(request, isKept: false, Ct);
        await world.Hypervisor.EndCaptureAsync(request, isKept: false, Ct);
        await AssertCleanAsync(world);
        var second = await world.TakeSnapshotAsync("snap-2", Volume);
        Assert.Equal(("snap-1", MiB), (second.Status!.BaseSnapshotId, second.Status.ChangedBytes));
        await world.AssertContentAsync("snap-2", 2 * MiB, 512 * 1024, 0x22);
        await world.AssertContentAsync("snap-2", 4 * MiB, 512 * 1024, 0x33);
    }

    [Fact]
    public async Task An_encrypted_snapshot_is_taken_and_deleted_with_all_that_it_held()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Volume);
        await world.WriteOfflineAsync(Volume, "write -P 0x11 0 1M");
        await world.TakeSnapshotAsync("snap-1", Volume, isEncrypted: true);
        await world.AssertContentAsync("snap-1", 0, (int)MiB, 0x11);
        var store = await world.Stores.OpenAsync(Ct);
        Assert.NotNull((await store.FindAsync("snap-1", Ct))!.KeyId);
        var view = world.Client.View;
        await world.Client.DeleteAsync(StorageKinds.Snapshot.Key("default", "snap-1"), Ct);
        await foreach (var _ in world.Client.Store.WatchAsync(StorageKinds.Snapshot.GroupResource, view.Revision, Ct))
        {
            if (world.Client.View.Get(StorageKinds.Snapshot, "default", "snap-1") is null)
                break;
        }

        Assert.Null(await store.FindAsync("snap-1", Ct));
    }

    /// <summary>The machine has no job, no node and no file of a capture any more.</summary>
    private static async Task AssertCleanAsync(SnapshotWorld world)
    {
        Assert.Equal(0, (await world.MonitorAsync("query-jobs")).GetArrayLength());
        Assert.DoesNotContain((await world.MonitorAsync("query-named-block-nodes")).EnumerateArray(), n => n.GetProperty("node-name").GetString()!.StartsWith("cap-", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(world.InstanceDirectory, "cap-*"));
    }
}

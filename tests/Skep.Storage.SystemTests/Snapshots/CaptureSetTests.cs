using Skep.Core.Machines;
using Skep.Storage.Kinds;

namespace Skep.Storage.SystemTests.Snapshots;

/// <summary>Snapshots that name each other: their volumes are captured at one moment.</summary>
public sealed class CaptureSetTests
{
    private const int MiB = 1 << 20;
    private const string First = "vol-0123456789abcdef0";
    private const string Second = "vol-0123456789abcdef1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_disks_of_a_running_machine_are_captured_at_one_moment_and_then_what_changed()
    {
        await using var world = await StartAsync();
        await WriteBothAsync(world, "write -P 0x11 0 2M");
        var captures = await world.Hypervisor.BeginCapturesAsync([RequestFor(First, "snap-1"), RequestFor(Second, "snap-2")], Ct);
        Assert.True(captures is [{ IsNew: true, HasOnlyChanges: false }, { IsNew: true, HasOnlyChanges: false }]);

        // What is written after the moment is in neither, although both are read later, by snapshots that find their captures.
        await WriteBothAsync(world, "write -P 0x22 1M 1M");
        await world.TakeSetAsync(("snap-1", First), ("snap-2", Second));
        foreach (var name in (string[])["snap-1", "snap-2"])
        {
            var snapshot = await world.WaitForSnapshotAsync(name);
            Assert.Equal((2L * MiB, "crash"), (snapshot.Status!.DataBytes, snapshot.Status.Consistency));
            await world.AssertContentAsync(name, 0, 2 * MiB, 0x11);
        }

        Assert.Equal(Status("snap-1").CapturedTime, Status("snap-2").CapturedTime);
        await AssertCleanAsync(world);

        await world.TakeSetAsync(("snap-3", First), ("snap-4", Second));
        foreach (var (name, before) in ((string, string)[])[("snap-3", "snap-1"), ("snap-4", "snap-2")])
        {
            Assert.Equal((before, (long)MiB), await world.WaitForSnapshotAsync(name) is var s ? (s.Status!.BaseSnapshotId, s.Status.ChangedBytes) : default);
            await world.AssertContentAsync(name, MiB, MiB, 0x22);
        }

        await AssertCleanAsync(world);

        SnapshotStatus Status(string name) => world.Client.View.Get(StorageKinds.Snapshot, "default", name)!.Status!;
    }

    [Fact]
    public async Task A_restarted_daemon_goes_on_with_the_moment_of_all()
    {
        await using var world = await StartAsync();
        await WriteBothAsync(world, "write -P 0x11 0 2M");
        await world.Hypervisor.BeginCapturesAsync([RequestFor(First, "snap-1"), RequestFor(Second, "snap-2")], Ct);
        await world.RestartAsync(); // it has not written down yet that the moment is over
        await WriteBothAsync(world, "write -P 0x22 0 2M");
        await world.TakeSetAsync(("snap-1", First), ("snap-2", Second));
        await world.WaitAsync(StorageKinds.Snapshot, "snap-1", s => s.Status?.CapturedTime is not null);
        await world.RestartAsync(); // now it has
        foreach (var name in (string[])["snap-1", "snap-2"])
        {
            await world.WaitForSnapshotAsync(name);
            await world.AssertContentAsync(name, 0, 2 * MiB, 0x11);
        }

        await AssertCleanAsync(world);
    }

    [Fact]
    public async Task Stopped_volumes_are_held_together()
    {
        await using var world = await StartAsync();
        await WriteBothAsync(world, "write -P 0x11 0 1M");
        await world.StopMachineAsync();
        await world.TakeSetAsync(("snap-1", First), ("snap-2", Second));
        foreach (var name in (string[])["snap-1", "snap-2"])
        {
            Assert.Equal("offline", (await world.WaitForSnapshotAsync(name)).Status!.Consistency);
            await world.AssertContentAsync(name, 0, MiB, 0x11);
        }

        foreach (var volume in (string[])[First, Second])
            await world.WaitAsync(StorageKinds.Volume, volume, v => v.Status!.Hold is null);
    }

    [Fact]
    public async Task A_volume_that_the_machine_does_not_have_fails_all_and_says_so()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(First);
        await world.MakeVolumeAsync(Second);
        await world.StartMachineAsync(First);
        await world.TakeSetAsync(("snap-1", First), ("snap-2", Second));
        foreach (var name in (string[])["snap-1", "snap-2"])
        {
            var snapshot = await world.WaitAsync(StorageKinds.Snapshot, name, s => s.Status?.State is SnapshotState.Completed or SnapshotState.Error);
            Assert.Equal(SnapshotState.Error, snapshot.Status!.State);
            Assert.Contains($"volume {First} is a disk of {SnapshotWorld.Instance.Name}", snapshot.Status.Message, StringComparison.Ordinal);
            Assert.Null(snapshot.Status.CapturedTime);
        }

        await AssertCleanAsync(world);
    }

    [Fact]
    public async Task A_machine_that_lacks_a_disk_begins_none()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(First);
        await world.StartMachineAsync(First);
        Assert.Null(await world.Hypervisor.BeginCapturesAsync([RequestFor(First, "snap-1"), RequestFor(Second, "snap-2")], Ct));
        await AssertCleanAsync(world);
    }

    private static async Task<SnapshotWorld> StartAsync()
    {
        var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(First);
        await world.MakeVolumeAsync(Second);
        await world.StartMachineAsync(First, Second);
        return world;
    }

    private static async Task WriteBothAsync(SnapshotWorld world, string command)
    {
        await world.GuestAsync(First, command);
        await world.GuestAsync(Second, command);
    }

    private static DiskCaptureRequest RequestFor(string volume, string snapshot) => new(SnapshotWorld.Instance, volume, snapshot, null);

    /// <summary>The machine has no job, no node and no file of a capture any more.</summary>
    private static async Task AssertCleanAsync(SnapshotWorld world)
    {
        Assert.Equal(0, (await world.MonitorAsync("query-jobs")).GetArrayLength());
        Assert.DoesNotContain((await world.MonitorAsync("query-named-block-nodes")).EnumerateArray(), n => n.GetProperty("node-name").GetString()!.StartsWith("cap-", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFiles(world.InstanceDirectory, "cap-*"));
    }
}

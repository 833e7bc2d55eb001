using Skep.Storage.Kinds;

namespace Skep.Storage.SystemTests.Snapshots;

public sealed class RestoreTests
{
    private const string Source = "vol-0123456789abcdef0";
    private const string Restored = "vol-0123456789abcdef1";

    [Fact]
    public async Task A_restored_volume_can_be_read_before_its_content_has_arrived_and_stands_alone_afterwards()
    {
        await using var world = await MakeSnapshotAsync();
        await world.MakeVolumeAsync(Restored, "snap-1");
        Assert.Equal(("available", "snap-1"), (world.Volume(Restored).Status!.State, world.Volume(Restored).Status!.HydratingFrom));
        Assert.NotNull(await world.BackingOfAsync(Restored));
        await world.ReadOfflineAsync(Restored, "read -P 0x11 0 4M");
        await world.ReadOfflineAsync(Restored, "read -P 0 4M 4M");

        world.Hydrates = true;
        await world.RestartAsync();
        await world.WaitAsync(StorageKinds.Volume, Restored, v => v.Status is { HydratingFrom: null, Hold: null });
        Assert.Null(await world.BackingOfAsync(Restored));
        await world.ReadOfflineAsync(Restored, "read -P 0x11 0 4M");
    }

    [Fact]
    public async Task A_machine_runs_on_a_restored_volume_over_a_restart_of_the_daemon_while_its_content_arrives()
    {
        await using var world = await MakeSnapshotAsync();
        await world.MakeVolumeAsync(Restored, "snap-1");
        await world.StartMachineAsync(Restored);
        await world.GuestAsync(Restored, "read -P 0x11 1M 64k");
        await world.GuestAsync(Restored, "write -P 0x22 2M 64k");

        world.Hydrates = true;
        await world.RestartAsync();
        await world.GuestAsync(Restored, "read -P 0x11 3M 64k");
        await world.WaitAsync(StorageKinds.Volume, Restored, v => v.Status is { HydratingFrom: null });
        await world.GuestAsync(Restored, "read -P 0x22 2M 64k");
        await world.StopMachineAsync();
        Assert.Null(await world.BackingOfAsync(Restored));
        await world.ReadOfflineAsync(Restored, "read -P 0x11 0 2M");
        await world.ReadOfflineAsync(Restored, "read -P 0x22 2M 64k");
    }

    [Fact]
    public async Task A_volume_of_a_snapshot_that_does_not_exist_says_so()
    {
        await using var world = await SnapshotWorld.CreateAsync();
        var volume = await world.MakeVolumeAsync(Restored, "snap-none");
        Assert.Equal("error", volume.Status!.State);
        Assert.Contains("snap-none", volume.Status.Message, StringComparison.Ordinal);
    }

    private static async Task<SnapshotWorld> MakeSnapshotAsync()
    {
        var world = await SnapshotWorld.CreateAsync();
        await world.MakeVolumeAsync(Source);
        await world.WriteOfflineAsync(Source, "write -P 0x11 0 4M");
        await world.TakeSnapshotAsync("snap-1", Source);
        return world;
    }
}

using Skep.Blocks.Files;
using Skep.Blocks.Tests.Files;

namespace Skep.Blocks.Tests.Simulation;

public sealed class SimulatedDirectoryTests : BlockDirectoryContract
{
    private const int SeedCount = 200;

    private protected override Task RunAsync(Func<IBlockDirectory, Task> test)
    {
        var world = new World();
        world.Disk.Faults.DelayPerMille = 300;
        world.RunInProcess(() => test(world.Directory));
        return Task.CompletedTask;
    }

    [Fact]
    public void What_was_synced_survives_every_power_cut()
    {
        foreach (var world in Worlds())
        {
            Write(world, 9000, syncFile: true, syncDirectory: true);
            world.CutPower();
            Assert.Equal(9000, ReadPrefix(world));
        }
    }

    [Fact]
    public void What_was_not_synced_is_kept_lost_or_torn_by_the_seed()
    {
        var outcomes = Worlds().Select(world =>
        {
            Write(world, 9000, syncFile: true, syncDirectory: true);
            world.RunInProcess(async () =>
            {
                await using var file = await world.Directory.OpenAsync("a", BlockFileMode.Open, Ct);
                await file.WriteAsync(0, Enumerable.Repeat((byte)2, 9000).ToArray(), Ct);
            });
            world.CutPower();
            return Read(world)!.Count(b => b == 2);
        }).ToList();
        Assert.Contains(0, outcomes);
        Assert.Contains(9000, outcomes);
        Assert.Contains(outcomes, count => count is > 0 and < 9000 && count % 512 == 0);
        Assert.Contains(outcomes, count => count % 4096 == 9000 % 4096 && count < 9000);
    }

    [Fact]
    public void A_new_name_may_vanish_until_the_directory_is_synced_even_if_the_file_was()
    {
        var found = Worlds().Select(world =>
        {
            Write(world, 10, syncFile: true, syncDirectory: false);
            world.CutPower();
            return world.Disk.Names.Count;
        }).ToList();
        Assert.Contains(0, found);
        Assert.Contains(1, found);
    }

    [Fact]
    public void A_renaming_is_durable_only_after_the_directory_sync_and_never_loses_both()
    {
        var names = Worlds().Select(world =>
        {
            Write(world, 10, syncFile: true, syncDirectory: true);
            world.RunInProcess(async () => await world.Directory.RenameAsync("a", "b", Ct));
            world.CutPower();
            return Assert.Single(world.Disk.Names);
        }).ToList();
        Assert.Contains("a", names);
        Assert.Contains("b", names);
        foreach (var world in Worlds())
        {
            Write(world, 10, syncFile: true, syncDirectory: true);
            world.RunInProcess(async () =>
            {
                await world.Directory.RenameAsync("a", "b", Ct);
                await world.Directory.SyncAsync(Ct);
            });
            world.CutPower();
            Assert.Equal(["b"], world.Disk.Names);
        }
    }

    [Fact]
    public void After_a_failed_sync_a_later_one_succeeds_without_bringing_the_data()
    {
        var lost = 0;
        foreach (var world in Worlds())
        {
            Write(world, 100, syncFile: false, syncDirectory: true);
            world.RunInProcess(async () =>
            {
                await using var file = await world.Directory.OpenAsync("a", BlockFileMode.Open, Ct);
                world.Disk.Faults.SyncErrorPerMille = 1000;
                await Assert.ThrowsAsync<IOException>(async () => await file.SyncAsync(Ct));
                world.Disk.Faults.SyncErrorPerMille = 0;
                await file.SyncAsync(Ct);
            });
            world.CutPower();
            lost += ReadPrefix(world) == 0 ? 1 : 0;
        }
        Assert.InRange(lost, 1, SeedCount - 1);
    }

    [Fact]
    public void A_killed_process_loses_nothing_that_the_page_cache_has_and_its_late_calls_do_nothing()
    {
        var world = new World();
        var directory = world.Directory;
        world.RunInProcess(async () =>
        {
            await using var file = await directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
            await file.WriteAsync(0, new byte[] { 1 }, Ct);
        });
        world.Process.Kill();
        world.Run(async () =>
        {
            // Called on behalf of the dead: never returns, and must not change anything.
            _ = directory.DeleteAsync("a", Ct).AsTask();
            await Task.Yield();
        });
        Assert.Equal(["a"], world.Disk.Names);
    }

    [Fact]
    public void A_full_disk_refuses_what_does_not_fit()
    {
        var world = new World();
        world.Disk.Faults.CapacityBytes = 16 << 10;
        world.RunInProcess(async () =>
        {
            await using var file = await world.Directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
            await file.WriteAsync(0, new byte[16 << 10], Ct);
            Assert.Equal(0, world.Directory.FreeBytes);
            var ex = await Assert.ThrowsAsync<IOException>(async () => await file.WriteAsync(16 << 10, new byte[1], Ct));
            Assert.True(FileErrors.IsDiskFull(ex));
            // Overwriting needs no room.
            await file.WriteAsync(0, new byte[100], Ct);
            await file.PunchAsync(0, 4096, Ct);
            Assert.Equal(4096, world.Directory.FreeBytes);
            world.Disk.Faults.WritesUntilFull = 1;
            await file.WriteAsync(0, new byte[100], Ct);
            ex = await Assert.ThrowsAsync<IOException>(async () => await file.WriteAsync(16 << 10, new byte[1], Ct));
            Assert.True(FileErrors.IsDiskFull(ex));
        });
    }

    [Fact]
    public void A_flipped_bit_is_read_before_and_after_a_power_cut()
    {
        var world = new World();
        Write(world, 10, syncFile: true, syncDirectory: true);
        world.Disk.FlipBit("a", 3, 7);
        Assert.Equal(0x81, Read(world)![3]);
        world.CutPower();
        Assert.Equal(0x81, Read(world)![3]);
    }

    private static IEnumerable<World> Worlds() => Enumerable.Range(1, SeedCount).Select(seed => new World((ulong)seed));

    private static void Write(World world, int length, bool syncFile, bool syncDirectory) => world.RunInProcess(async () =>
    {
        await using var file = await world.Directory.OpenAsync("a", BlockFileMode.CreateNew, Ct);
        await file.WriteAsync(0, Enumerable.Repeat((byte)1, length).ToArray(), Ct);
        if (syncFile)
            await file.SyncAsync(Ct);
        if (syncDirectory)
            await world.Directory.SyncAsync(Ct);
    });

    private static byte[]? Read(World world)
    {
        byte[]? content = null;
        world.RunInProcess(async () =>
        {
            await using var file = await world.Directory.OpenAsync("a", BlockFileMode.Open, Ct);
            content = new byte[file.LengthBytes];
            await file.ReadAsync(0, content, Ct);
        });
        return content;
    }

    private static int ReadPrefix(World world) => Read(world)!.TakeWhile(b => b == 1).Count();
}

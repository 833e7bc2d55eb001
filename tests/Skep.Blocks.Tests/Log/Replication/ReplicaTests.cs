using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log.Replication;

/// <summary>A second copy of the log, and what it is for: the loss of the machine that has the first.</summary>
public sealed class ReplicaTests
{
    private static CancellationToken Ct => VolumeWorld.Ct;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_flushed_survives_the_loss_of_the_machine(bool isEncrypted)
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        world.Format = world.Format with { IsEncrypted = isEncrypted, ObjectBytes = 8 << 20 };
        await world.CreateAsync();
        var volume = await OpenAsync(world, keeper);
        // Several segments, of which the store gets nothing.
        for (int i = 0; i < 30; i++)
            await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: false, Ct);
        await volume.TrimAsync(8192, 4096, isDurable: false, Ct);
        await volume.FlushAsync(Ct);
        Assert.Empty(world.Store.Keys("/data/"));
        await volume.AbandonAsync();
        // The keeper too loses what it had not made durable.
        await keeper.CutPowerAsync();
        await keeper.StartAsync();

        var lost = world.Disk;
        world.Disk = new MemoryDirectory();
        await using (var elsewhere = await OpenAsync(world, keeper))
        {
            Assert.Equal(new byte[4096], await VolumeWorld.ReadAsync(elsewhere, 8192, 4096));
            for (int i = 2; i < 30; i++)
                Assert.Equal(VolumeWorld.Pattern(i, 8192), await VolumeWorld.ReadAsync(elsewhere, i * 8192L, 8192));
            Assert.Contains(world.Events, e => e.Kind == LogVolumeEventKind.RecoveredFromReplica);
            // It is a volume like any other.
            await elsewhere.WriteAsync(0, VolumeWorld.Pattern(1000, 8192), isDurable: true, Ct);
            await elsewhere.DrainAsync(Ct);
        }
        // What the lost machine had is not replayed when it comes back.
        world.Disk = lost;
        await using var back = await OpenAsync(world, keeper);
        Assert.Equal(VolumeWorld.Pattern(1000, 8192), await VolumeWorld.ReadAsync(back, 0, 8192));
    }

    [Fact]
    public async Task Segments_that_a_loss_of_power_took_do_not_hide_those_that_got_their_numbers()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        world.Format = world.Format with { ObjectBytes = 8 << 20 };
        await world.CreateAsync();
        var volume = await OpenAsync(world, keeper);
        await volume.WriteAsync(0, VolumeWorld.Pattern(0, 8192), isDurable: true, Ct);
        // Ten to a segment: the last one is half full.
        for (int i = 1; i < 35; i++)
            await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        await volume.WriteAsync(0, VolumeWorld.Pattern(35, 8192), isDurable: false, Ct);
        // The keeper has all of it, the store all but the last record, this machine's disk only what was flushed.
        while (!HasRecord(keeper, sequence: 36))
            await Task.Delay(1, Ct);
        await world.CrashAsync(volume);
        string[] stored = [.. world.Store.Keys("/data/")];
        volume = await OpenAsync(world, keeper);
        for (int i = 0; i < 40; i++)
            await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(100 + i, 8192), isDurable: i % 10 == 0, Ct);
        await volume.FlushAsync(Ct);
        Assert.Equal(stored, world.Store.Keys("/data/"));
        await volume.AbandonAsync();

        world.Disk = new MemoryDirectory();
        await using var elsewhere = await OpenAsync(world, keeper);
        for (int i = 0; i < 40; i++)
            Assert.Equal(VolumeWorld.Pattern(100 + i, 8192), await VolumeWorld.ReadAsync(elsewhere, i * 8192L, 8192));
    }

    [Fact]
    public async Task Without_its_replica_it_would_be_gone()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = await FlushedAsync(keeper);
        await using var elsewhere = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(new byte[4096], await VolumeWorld.ReadAsync(elsewhere, 0, 4096));
    }

    [Fact]
    public async Task A_flush_waits_for_the_disk_of_the_keeper()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await OpenAsync(world, keeper);
        await volume.WriteAsync(0, new byte[4096], isDurable: true, Ct);
        using var gate = new ManualResetEventSlim();
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        keeper.Disk.IsSlow = true;
        keeper.Disk.OnSync = _ =>
        {
            reached.TrySetResult();
            gate.Wait(Ct);
        };
        var write = Task.Run(() => volume.WriteAsync(4096, new byte[4096], isDurable: true, Ct).AsTask(), Ct);
        await reached.Task.WaitAsync(Ct);
        Assert.False(write.IsCompleted);
        keeper.Disk.OnSync = null;
        gate.Set();
        await write;
        Assert.Empty(world.Store.Keys("/data/"));
    }

    [Fact]
    public async Task While_the_keeper_is_away_flushes_are_covered_by_the_store_and_then_by_the_keeper_again()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await OpenAsync(world, keeper);
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        Assert.Empty(world.Store.Keys("/data/"));
        await keeper.StopAsync();
        await volume.WriteAsync(4096, VolumeWorld.Pattern(2, 4096), isDurable: true, Ct);
        Assert.NotEmpty(world.Store.Keys("/data/"));
        Assert.NotNull(volume.Status.ReplicaFailure);
        lock (world.Events)
            Assert.Single(world.Events, e => e.Kind == LogVolumeEventKind.ReplicaFailed);
        // More than what waits in memory for it.
        for (int i = 0; i < 200; i++)
            await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: false, Ct);
        await keeper.StartAsync();
        await UntilAsync(world, LogVolumeEventKind.ReplicaAnswers);
        Assert.Null(volume.Status.ReplicaFailure);
        await volume.FlushAsync(Ct);
        int stored = world.Store.Keys("/data/").Count();
        await volume.WriteAsync(0, VolumeWorld.Pattern(3, 4096), isDurable: true, Ct);
        await volume.WriteAsync(4096, VolumeWorld.Pattern(4, 4096), isDurable: true, Ct);
        Assert.Equal(stored, world.Store.Keys("/data/").Count());
        await volume.AbandonAsync();
        world.Disk = new MemoryDirectory();
        await using var elsewhere = await OpenAsync(world, keeper);
        Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(elsewhere, 0, 4096));
        Assert.Equal(VolumeWorld.Pattern(4, 4096), await VolumeWorld.ReadAsync(elsewhere, 4096, 4096));
        for (int i = 1; i < 200; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 8192), await VolumeWorld.ReadAsync(elsewhere, i * 8192L, 8192));
    }

    [Fact]
    public async Task With_neither_keeper_nor_store_a_flush_waits()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await OpenAsync(world, keeper);
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        await keeper.StopAsync();
        var tried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Store.OnPut = _ =>
        {
            tried.TrySetResult();
            throw new ObjectStoreException(ObjectStoreError.Unavailable, "away");
        };
        var write = volume.WriteAsync(4096, VolumeWorld.Pattern(2, 4096), isDurable: true, Ct).AsTask();
        await tried.Task.WaitAsync(Ct);
        Assert.False(write.IsCompleted);
        // What the broken connection lost is sent again: the keeper alone is enough.
        await keeper.StartAsync();
        await write;
        world.Store.OnPut = null;
    }

    [Fact]
    public async Task An_opener_elsewhere_ends_the_flushes_of_the_one_before()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        var first = await OpenAsync(world, keeper);
        await first.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        await using var second = await LogVolume.OpenAsync(Settings(world, keeper) with { LogDirectory = new MemoryDirectory() }, Ct);
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(second, 0, 4096));
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(async () => await first.WriteAsync(0, VolumeWorld.Pattern(2, 4096), isDurable: true, Ct));
        Assert.Equal(BlockError.Shutdown, failure.Error);
        Assert.True(first.Status.IsFenced);
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(second, 0, 4096));
        await first.AbandonAsync();
    }

    [Fact]
    public async Task Opening_elsewhere_does_not_pass_over_a_keeper_that_is_away()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = await FlushedAsync(keeper);
        await keeper.StopAsync();
        world.Disk = new MemoryDirectory();
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => LogVolume.OpenAsync(
            Settings(world, keeper) with { Services = world.Services with { TimeProvider = new HurriedTime() } }, Ct));
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.Contains(keeper.Replica.Name, failure.Message, StringComparison.Ordinal);
        await keeper.StartAsync();
        await using var volume = await OpenAsync(world, keeper);
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(volume, 0, 4096));
    }

    [Fact]
    public async Task A_fetch_that_was_cut_short_is_done_again()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = await FlushedAsync(keeper);
        world.Disk = new MemoryDirectory();
        int writes = 0;
        world.Disk.OnWrite = (name, _, _) =>
        {
            if (Interlocked.Increment(ref writes) > 2)
                throw Skep.Blocks.Files.FileErrors.DiskFull(name);
        };
        await Assert.ThrowsAnyAsync<Exception>(() => OpenAsync(world, keeper));
        Assert.Contains(world.Disk.Names, n => n.StartsWith("fetching-", StringComparison.Ordinal));
        world.Disk = world.Disk.Crash(isLucky: true);
        // Without the keeper it is not opened, for what is here is not all.
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => world.OpenAsync());
        Assert.Contains("not complete", failure.Message, StringComparison.Ordinal);
        await using var volume = await OpenAsync(world, keeper);
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(volume, 0, 4096));
        Assert.DoesNotContain(world.Disk.Names, n => n.StartsWith("fetching-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_keeper_without_room_is_done_without()
    {
        await using var keeper = new KeeperFixture { SpaceBytes = VolumeWorld.SegmentBytes };
        await keeper.StartAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await OpenAsync(world, keeper);
        for (int i = 0; i < 60; i++)
            await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: i % 10 == 9, Ct);
        await volume.AbandonAsync();
        lock (world.Events)
            Assert.Contains(world.Events, e => e.Kind == LogVolumeEventKind.ReplicaFailed && e.Message.Contains("no room", StringComparison.Ordinal));
        world.Disk = new MemoryDirectory();
        await using var elsewhere = await OpenAsync(world, keeper);
        for (int i = 0; i < 60; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 8192), await VolumeWorld.ReadAsync(elsewhere, i * 8192L, 8192));
    }

    [Fact]
    public async Task What_the_store_has_is_not_kept()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using (var volume = await OpenAsync(world, keeper))
        {
            for (int round = 0; round < 20; round++)
            {
                for (int i = 0; i < 40; i++)
                    await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: i == 39, Ct);
                await volume.DrainAsync(Ct);
            }
        }
        // 20 rounds are 75 segments.
        Assert.InRange(keeper.Disk.Names.Count(n => n.Contains(".segment-", StringComparison.Ordinal)), 1, 12);
    }

    [Fact]
    public async Task A_failed_sync_of_the_keeper_is_no_answer()
    {
        await using var keeper = await KeeperFixture.StartedAsync();
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await OpenAsync(world, keeper);
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        Assert.Empty(world.Store.Keys("/data/"));
        keeper.Disk.OnSync = _ => throw new IOException("Input/output error", 5);
        await volume.WriteAsync(4096, VolumeWorld.Pattern(2, 4096), isDurable: true, Ct);
        // Nobody but the store can have covered it.
        Assert.NotEmpty(world.Store.Keys("/data/"));
    }

    private static async Task<VolumeWorld> FlushedAsync(KeeperFixture keeper)
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await OpenAsync(world, keeper);
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        Assert.Empty(world.Store.Keys("/data/"));
        await volume.AbandonAsync();
        return world;
    }

    private static bool HasRecord(KeeperFixture keeper, ulong sequence) => keeper.Disk.Names
        .Where(name => name.Contains("segment-", StringComparison.Ordinal))
        .Select(keeper.Disk.Content)
        .Any(content => content.Chunk(WalRecordHeader.HeaderBytes).Any(block => WalRecordHeader.TryRead(block, out var record) && record.Sequence == sequence));

    private static async Task UntilAsync(VolumeWorld world, LogVolumeEventKind kind)
    {
        while (true)
        {
            lock (world.Events)
                if (world.Events.Exists(e => e.Kind == kind))
                    return;
            await Task.Delay(5, Ct);
        }
    }

    private static Task<LogVolume> OpenAsync(VolumeWorld world, KeeperFixture keeper) => LogVolume.OpenAsync(Settings(world, keeper), Ct);

    private static LogVolumeSettings Settings(VolumeWorld world, KeeperFixture keeper) => world.Settings() with { Replica = keeper.Replica, ReplicaWindowBytes = 512 << 10 };
}

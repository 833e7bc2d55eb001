using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log;

/// <summary>One writer: local lock, claims, and what becomes of the overtaken.</summary>
public sealed class LogVolumeFenceTests
{
    private static CancellationToken Ct => VolumeWorld.Ct;

    [Fact]
    public async Task A_second_opener_of_the_same_log_directory_is_refused()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await Assert.ThrowsAsync<IOException>(() => world.OpenAsync());
        await volume.WriteAsync(0, new byte[512], isDurable: true, Ct);
    }

    [Fact]
    public async Task An_overtaken_writer_stops_and_changes_nothing_in_the_store()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var first = await world.OpenAsync();
        await first.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: false, Ct);
        await first.DrainAsync(Ct);
        await using var second = await world.OpenAsync(disk: new MemoryDirectory());
        await first.WriteAsync(0, VolumeWorld.Pattern(2, 4096), isDurable: true, Ct);
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => first.DrainAsync(Ct));
        Assert.Equal(BlockError.Shutdown, failure.Error);
        Assert.True(first.Status.IsFenced);
        Assert.Equal(BlockError.Shutdown, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await first.ReadAsync(0, new byte[512], Ct))).Error);
        Assert.Equal(BlockError.Shutdown, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await first.FlushAsync(Ct))).Error);
        var report = await first.CloseAsync(Ct);
        Assert.Equal(4096, report.UndrainedBytes);
        Assert.NotNull(report.Failure);
        await second.DrainAsync(Ct);
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(second, 0, 4096));
    }

    [Fact]
    public async Task Writes_of_an_overtaken_log_are_moved_aside_loudly_and_never_replayed()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var first = await world.OpenAsync();
        await first.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        await world.CrashAsync(first);
        var second = await world.OpenAsync(disk: new MemoryDirectory());
        await second.WriteAsync(0, VolumeWorld.Pattern(2, 4096), isDurable: false, Ct);
        await second.CloseAsync(Ct);
        await Assert.ThrowsAsync<BlockDeviceException>(() => LogVolume.OpenAsync(world.Settings() with { IsTakeoverOfLocalLogAllowed = false }, Ct));
        await using var third = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(2, 4096), await VolumeWorld.ReadAsync(third, 0, 4096));
        var aside = Assert.Single(world.Events, e => e.Kind == LogVolumeEventKind.LogMovedAside);
        Assert.Contains("4096 bytes", aside.Message, StringComparison.Ordinal);
        Assert.Contains(world.Disk.Names, n => n.StartsWith("aside-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Going_elsewhere_and_back_leaves_nothing_to_move_aside()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var here = world.Disk;
        var there = new MemoryDirectory();
        for (int i = 0; i < 6; i++)
        {
            await using var volume = await world.OpenAsync(disk: i % 2 == 0 ? here : there);
            if (i > 0)
                Assert.Equal(VolumeWorld.Pattern(i - 1, 4096), await VolumeWorld.ReadAsync(volume, 0, 4096));
            await volume.WriteAsync(0, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
        }
        Assert.DoesNotContain(world.Events, e => e.Kind == LogVolumeEventKind.LogMovedAside);
    }

    [Fact]
    public async Task A_record_that_was_stored_although_its_put_failed_is_recognised()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        HashSet<string> failed = [];
        world.Store.AfterPut = key =>
        {
            lock (failed)
                if (failed.Add(key))
                    throw new ObjectStoreException(ObjectStoreError.Unavailable, $"{key}: no answer");
        };
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: false, Ct);
        await volume.SnapshotAsync("s", Ct);
        await volume.CheckpointAsync(Ct);
        Assert.False(volume.Status.IsFenced);
        lock (failed)
        {
            Assert.Contains(failed, k => k.Contains("/data/", StringComparison.Ordinal));
            Assert.Contains(failed, k => k.Contains("/log/", StringComparison.Ordinal));
        }
        await volume.CloseAsync(Ct);
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
    }

    [Fact]
    public async Task A_writer_that_slept_while_the_log_was_trimmed_finds_out()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var sleeper = await world.OpenAsync();
        await sleeper.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: false, Ct);
        await sleeper.DrainAsync(Ct);
        ulong next = sleeper.Status.RecordNumber + 1;
        await using var writer = await world.OpenAsync(disk: new MemoryDirectory());
        for (int i = 0; i < 4; i++)
        {
            await writer.WriteAsync(0, VolumeWorld.Pattern(2, 4096), isDurable: false, Ct);
            await writer.CheckpointAsync(Ct);
            await writer.DrainAsync(Ct);
            await writer.CollectGarbageAsync(Ct);
        }
        // The number that the sleeper writes next is free again.
        Assert.DoesNotContain($"vol/log/{next:x16}", world.Store.Objects.Keys);
        await sleeper.WriteAsync(0, VolumeWorld.Pattern(3, 4096), isDurable: false, Ct);
        await Assert.ThrowsAsync<BlockDeviceException>(() => sleeper.DrainAsync(Ct));
        Assert.True(sleeper.Status.IsFenced);
        await sleeper.CloseAsync(Ct);
        await writer.CloseAsync(Ct);
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(2, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
    }

    [Fact]
    public async Task An_opener_that_reads_the_log_while_it_is_trimmed_looks_again()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        Dictionary<string, byte[]> before = new(world.Store.Objects), after;
        for (int i = 0; i < 4; i++)
        {
            await volume.WriteAsync(0, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
            await volume.CheckpointAsync(Ct);
            await volume.CollectGarbageAsync(Ct);
        }
        await volume.CloseAsync(Ct);
        after = new(world.Store.Objects);
        Assert.DoesNotContain("vol/log/0000000000000001", after.Keys);

        // It finds neither hint nor checkpoint, and goes for the first record: by then there is no such record any more.
        Replace(world.Store, before);
        world.Store.OnGet = (key, _, _) =>
        {
            if (key != "vol/log/0000000000000001")
                return;
            world.Store.OnGet = null;
            Replace(world.Store, after);
        };
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Null(world.Store.OnGet);
        Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));

        static void Replace(MemoryStore store, Dictionary<string, byte[]> objects)
        {
            store.Objects.Clear();
            foreach (var (key, content) in objects)
                store.Objects[key] = content;
        }
    }

    [Fact]
    public async Task A_volume_that_has_lost_its_log_and_its_checkpoints_says_so()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await (await world.OpenAsync()).CloseAsync(Ct);
        foreach (string key in world.Store.Keys("/log/").Concat(world.Store.Keys("/checkpoint/")).Append("vol/head").ToList())
            world.Store.Objects.TryRemove(key, out _);
        var failure = await Assert.ThrowsAsync<ObjectStoreException>(() => world.OpenAsync(disk: new MemoryDirectory()));
        Assert.Contains("no checkpoint that leads there", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_old_state_that_late_requests_brought_back_is_not_opened()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        Dictionary<string, byte[]> old = [];
        for (int i = 0; i < 4; i++)
        {
            await volume.WriteAsync(0, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
            await volume.CheckpointAsync(Ct);
            await volume.CollectGarbageAsync(Ct);
            if (i == 0)
                foreach (string key in world.Store.Objects.Keys.Where(k => k.Contains("/checkpoint/", StringComparison.Ordinal) || k == "vol/head"))
                    old[key] = world.Store.Objects[key];
        }
        ulong number = Convert.ToUInt64(old.Keys.Single(k => k.Contains("/checkpoint/", StringComparison.Ordinal))[^16..], 16);
        string record = $"vol/log/{number:x16}";
        Assert.DoesNotContain(record, world.Store.Objects.Keys);
        await volume.CloseAsync(Ct);
        // The hint, its checkpoint and that checkpoint's record come a second time; the record after it is gone.
        foreach (var (key, content) in old)
            world.Store.Objects[key] = content;
        world.Store.Objects[record] = [];
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
        Assert.DoesNotContain($"vol/log/{number + 1:x16}", world.Store.Objects.Keys);
    }

    [Fact]
    public async Task Openers_at_the_same_time_end_with_one_writer()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volumes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => world.OpenAsync(disk: new MemoryDirectory())));
        int alive = 0;
        for (int i = 0; i < volumes.Length; i++)
        {
            try
            {
                await volumes[i].WriteAsync(0, VolumeWorld.Pattern(i, 512), isDurable: false, Ct);
                await volumes[i].DrainAsync(Ct);
                alive++;
            }
            catch (BlockDeviceException ex)
            {
                Assert.Equal(BlockError.Shutdown, ex.Error);
            }
        }
        Assert.Equal(1, alive);
        Assert.Equal(5, volumes.Select(v => v.Status.Epoch).Distinct().Count());
        foreach (var volume in volumes)
            await volume.CloseAsync(Ct);
    }

    [Fact]
    public async Task Objects_that_were_never_entered_are_not_overwritten_and_are_swept()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        // The object gets to the store, its record never does.
        world.Store.OnPut = key => key.Contains("/log/", StringComparison.Ordinal) ? throw new ObjectStoreException(ObjectStoreError.Unavailable, "away") : Task.CompletedTask;
        var stored = new TaskCompletionSource();
        world.Store.AfterPut = key =>
        {
            if (key.Contains("/data/", StringComparison.Ordinal))
                stored.TrySetResult();
        };
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        var drain = volume.DrainAsync(Ct);
        await stored.Task.WaitAsync(Ct);
        await world.CrashAsync(volume);
        await Assert.ThrowsAsync<BlockDeviceException>(() => drain);
        world.Store.OnPut = null;
        string stray = Assert.Single(world.Store.Keys("/data/"));
        await using var again = await world.OpenAsync();
        await again.DrainAsync(Ct);
        await again.CollectGarbageAsync(Ct);
        Assert.DoesNotContain(stray, world.Store.Objects.Keys);
        Assert.Single(world.Store.Keys("/data/"));
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
    }

    [Fact]
    public async Task Creation_has_one_winner_and_can_be_finished_after_a_crash()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await Assert.ThrowsAsync<BlockDeviceException>(() => world.CreateAsync());
        world.Store.OnPut = key => key.Contains("/log/", StringComparison.Ordinal) ? throw new ObjectStoreException(ObjectStoreError.Refused, "away") : Task.CompletedTask;
        await Assert.ThrowsAsync<ObjectStoreException>(() => world.CreateAsync("half"));
        world.Store.OnPut = null;
        Assert.Equal(LogFormatError.Missing, (await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync("half", new MemoryDirectory()))).Error);
        await world.CreateAsync("half");
        await using var volume = await world.OpenAsync("half", new MemoryDirectory());
        Assert.Equal(world.Format.SizeBytes, volume.SizeBytes);
    }
}

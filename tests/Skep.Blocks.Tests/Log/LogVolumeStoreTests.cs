using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log;

/// <summary>Slow, failing and lying stores.</summary>
public sealed class LogVolumeStoreTests
{
    private static CancellationToken Ct => VolumeWorld.Ct;

    private static bool IsData(string key) => key.Contains("/data/", StringComparison.Ordinal);

    [Fact]
    public async Task An_older_batch_that_lands_last_does_not_bring_old_data_back()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        TaskCompletionSource release = new(), second = new();
        int puts = 0;
        world.Store.OnPut = key => IsData(key) && Interlocked.Increment(ref puts) == 1 ? release.Task : Task.CompletedTask;
        world.Store.AfterPut = key =>
        {
            if (IsData(key))
                second.TrySetResult();
        };
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 64 << 10), isDurable: false, Ct);
        await volume.WriteAsync(0, VolumeWorld.Pattern(2, 64 << 10), isDurable: false, Ct);
        var drain = volume.DrainAsync(Ct);
        await second.Task.WaitAsync(Ct);
        Assert.False(drain.IsCompleted);
        Assert.NotEqual(0, volume.Status.UndrainedBytes);
        release.SetResult();
        await drain;
        await volume.CloseAsync(Ct);
        Assert.Equal(2, world.Store.Keys("/data/").Count());
        await using var cold = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(2, 64 << 10), await VolumeWorld.ReadAsync(cold, 0, 64 << 10));
    }

    [Fact]
    public async Task A_drain_does_not_succeed_while_an_older_batch_has_not_landed()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        bool isAway = true;
        var failed = new TaskCompletionSource();
        world.Store.OnPut = key =>
        {
            if (!isAway)
                return Task.CompletedTask;
            failed.TrySetResult();
            throw new ObjectStoreException(ObjectStoreError.Unavailable, "503 slow down");
        };
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: false, Ct);
        var first = volume.DrainAsync(Ct);
        await failed.Task.WaitAsync(Ct);
        // Nothing new was written: still not done.
        var empty = volume.DrainAsync(Ct);
        Assert.False(first.IsCompleted || empty.IsCompleted);
        isAway = false;
        await Task.WhenAll(first, empty);
        Assert.Equal(0, volume.Status.UndrainedBytes);
        Assert.Null(volume.Status.StoreFailure);
    }

    [Theory]
    [InlineData(ObjectStoreError.Unavailable)]
    [InlineData(ObjectStoreError.Full)]
    [InlineData(ObjectStoreError.Refused)]
    public async Task A_store_that_fails_for_a_while_loses_nothing_and_stops_nothing(ObjectStoreError error)
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        int failures = 0;
        world.Store.OnPut = key => Interlocked.Increment(ref failures) % 3 != 0 ? throw new ObjectStoreException(error, "no") : Task.CompletedTask;
        for (int i = 0; i < 40; i++)
            await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        for (int i = 0; i < 40; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 8192), await VolumeWorld.ReadAsync(volume, i * 8192L, 8192));
    }

    [Fact]
    public async Task Closing_while_the_store_is_away_reports_it_and_the_next_opening_goes_on()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await LogVolume.OpenAsync(world.Settings() with { CloseDrainTimeout = TimeSpan.FromMilliseconds(20) }, Ct);
        world.Store.OnPut = _ => throw new ObjectStoreException(ObjectStoreError.Unavailable, "away");
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: false, Ct);
        var report = await volume.CloseAsync(Ct);
        Assert.Equal(4096, report.UndrainedBytes);
        Assert.NotNull(report.Failure);
        world.Store.OnPut = null;
        // Closing made it durable, so even a loss of power does not hurt.
        world.Disk = world.Disk.Crash();
        await using var again = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
        await again.DrainAsync(Ct);
        Assert.Equal(0, again.Status.UndrainedBytes);
    }

    [Fact]
    public async Task The_log_never_outgrows_its_limit_and_writers_wait_for_a_slow_store()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var settings = world.Settings() with { LogBytes = 4 * VolumeWorld.SegmentBytes };
        await using var volume = await LogVolume.OpenAsync(settings, Ct);
        var release = new TaskCompletionSource();
        var blocked = new TaskCompletionSource();
        world.Store.OnPut = key =>
        {
            if (!IsData(key))
                return Task.CompletedTask;
            blocked.TrySetResult();
            return release.Task;
        };
        var writes = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
                await volume.WriteAsync(i * 8192L, VolumeWorld.Pattern(i, 8192), isDurable: false, Ct);
        }, Ct);
        await blocked.Task.WaitAsync(Ct);
        Assert.False(writes.IsCompleted);
        release.SetResult();
        await writes;
        Assert.InRange(world.Disk.Names.Count(n => n.StartsWith("segment-", StringComparison.Ordinal)), 1, 4);
        await volume.DrainAsync(Ct);
        for (int i = 0; i < 200; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 8192), await VolumeWorld.ReadAsync(volume, i * 8192L, 8192));
    }

    [Fact]
    public async Task A_short_read_is_an_error_and_never_kept()
    {
        var world = new VolumeWorld { CacheDisk = new MemoryDirectory() };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 64 << 10), isDurable: false, Ct);
        await volume.CloseAsync(Ct);
        await using var cold = await world.OpenAsync();
        world.Store.OnGet = (key, _, length) =>
        {
            if (IsData(key))
                throw new ObjectStoreException(ObjectStoreError.Short, $"{length / 2} bytes of {length}");
        };
        Assert.Equal(BlockError.Io, (await Assert.ThrowsAsync<BlockDeviceException>(() => VolumeWorld.ReadAsync(cold, 0, 4096))).Error);
        world.Store.OnGet = null;
        Assert.Equal(VolumeWorld.Pattern(1, 64 << 10), await VolumeWorld.ReadAsync(cold, 0, 64 << 10));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_object_is_named_and_only_its_range_fails(bool isEncrypted)
    {
        var world = new VolumeWorld { CacheDisk = new MemoryDirectory() };
        world.Format = world.Format with { ObjectBytes = 256 << 10, IsEncrypted = isEncrypted };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] data = VolumeWorld.Pattern(1, 256 << 10);
        await volume.WriteAsync(0, data, isDurable: false, Ct);
        await volume.CloseAsync(Ct);
        string key = Assert.Single(world.Store.Keys("/data/"));
        byte[] stored = world.Store.Objects[key];
        stored[^1] ^= 1;
        await using var cold = await world.OpenAsync();
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => VolumeWorld.ReadAsync(cold, 192 << 10, 4096));
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.Contains(key, failure.Message, StringComparison.Ordinal);
        Assert.Equal(data[..(192 << 10)], await VolumeWorld.ReadAsync(cold, 0, 192 << 10));
        var verification = await LogVolumeInspector.VerifyAsync(world.Store, "vol", world.Keys, world.Services, null, Ct);
        Assert.Contains(key, Assert.Single(verification.Damages), StringComparison.Ordinal);
        stored[^1] ^= 1;
        Assert.Equal(data, await VolumeWorld.ReadAsync(cold, 0, data.Length));
    }

    [Fact]
    public async Task A_damaged_line_of_the_read_cache_is_read_from_the_store_again()
    {
        foreach (bool isEncrypted in new[] { false, true })
        {
            var world = new VolumeWorld { CacheDisk = new MemoryDirectory() };
            world.Format = world.Format with { IsEncrypted = isEncrypted, ObjectBytes = 1 << 20, SizeBytes = 16 << 20 };
            await world.CreateAsync();
            await using var volume = await LogVolume.OpenAsync(world.Settings() with { CacheBytes = 16 << 20 }, Ct);
            byte[] data = VolumeWorld.Pattern(1, 12 << 20);
            for (int at = 0; at < data.Length; at += 1 << 20)
                await volume.WriteAsync(at, data.AsMemory(at, 1 << 20), isDurable: false, Ct);
            await volume.DrainAsync(Ct);
            // More than the memory holds, so that the second time it comes from the disk.
            Assert.Equal(data, await VolumeWorld.ReadAsync(volume, 0, data.Length));
            int gets = world.Store.Gets;
            Assert.Equal(data, await VolumeWorld.ReadAsync(volume, 0, data.Length));
            Assert.Equal(gets, world.Store.Gets);
            var file = (MemoryFile)await world.CacheDisk.OpenAsync("cache", Skep.Blocks.Files.BlockFileMode.Open, Ct);
            if (isEncrypted)
                Assert.Equal(-1, file.Volatile.AsSpan().IndexOf(data.AsSpan(4096, 64)));
            file.Damage(5000);
            Assert.Equal(data, await VolumeWorld.ReadAsync(volume, 0, data.Length));
            Assert.True(world.Store.Gets > gets);
        }
    }

    [Fact]
    public async Task A_damaged_checkpoint_is_replaced_by_the_one_before_it()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        for (int i = 0; i < 3; i++)
        {
            await volume.WriteAsync(i * 4096L, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
            await volume.CheckpointAsync(Ct);
        }
        await volume.CollectGarbageAsync(Ct);
        await volume.CloseAsync(Ct);
        Assert.Equal(2, world.Store.Keys("/checkpoint/").Count());
        world.Store.Objects[world.Store.Keys("/checkpoint/").Last()][100] ^= 1;
        await using var again = await world.OpenAsync(disk: new MemoryDirectory());
        for (int i = 0; i < 3; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 4096), await VolumeWorld.ReadAsync(again, i * 4096L, 4096));
    }

    [Fact]
    public async Task A_damaged_record_is_named_and_the_volume_is_not_opened()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        for (int i = 0; i < 3; i++)
        {
            await volume.WriteAsync(i * 4096L, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
            await volume.DrainAsync(Ct);
        }
        await volume.CloseAsync(Ct);
        world.Store.Objects["vol/log/0000000000000003"][60] ^= 1;
        var failure = await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync());
        Assert.Equal(LogFormatError.Damaged, failure.Error);
        Assert.Contains("vol/log/0000000000000003", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_is_missing_old_or_damaged_costs_nothing_but_time()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[]? oldHead = null;
        for (int i = 0; i < 4; i++)
        {
            await volume.WriteAsync(0, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
            await volume.CheckpointAsync(Ct);
            oldHead ??= [.. world.Store.Objects["vol/head"]];
        }
        await volume.DrainAsync(Ct);
        await volume.CollectGarbageAsync(Ct);
        await volume.CloseAsync(Ct);
        foreach (byte[] head in new[] { oldHead!, new byte[10], [] })
        {
            world.Store.Objects["vol/head"] = head;
            await using var again = await world.OpenAsync(disk: new MemoryDirectory());
            Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
        }
        world.Store.Objects.TryRemove("vol/head", out _);
        await using var without = await world.OpenAsync(disk: new MemoryDirectory());
        Assert.Equal(VolumeWorld.Pattern(3, 4096), await VolumeWorld.ReadAsync(without, 0, 4096));
    }

    [Fact]
    public async Task Hot_blocks_are_stored_once_a_batch()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        for (int i = 0; i < 20; i++)
            await volume.WriteAsync(0, VolumeWorld.Pattern(i, 4096), isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        Assert.Equal(4096, volume.Status.TotalBytes);
        Assert.Equal(VolumeWorld.Pattern(19, 4096), await VolumeWorld.ReadAsync(volume, 0, 4096));
    }

    [Fact]
    public async Task Compressed_volumes_take_less_and_incompressible_data_is_stored_as_it_is()
    {
        var world = new VolumeWorld();
        world.Format = world.Format with { Compression = LogCompression.Zstd, ObjectBytes = 1 << 20 };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] text = [.. Enumerable.Range(0, 512 << 10).Select(i => (byte)"the quick brown fox "[i * 7 / 5 % 20])];
        byte[] noise = VolumeWorld.Pattern(1, 512 << 10);
        await volume.WriteAsync(0, text, isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        Assert.InRange(volume.Status.StoredBytes, 1, text.Length / 4);
        await volume.WriteAsync(1 << 20, noise, isDurable: false, Ct);
        await volume.DrainAsync(Ct);
        Assert.InRange(volume.Status.StoredBytes, noise.Length, noise.Length + text.Length / 4);
        await volume.CloseAsync(Ct);
        await using var cold = await world.OpenAsync();
        Assert.Equal(text, await VolumeWorld.ReadAsync(cold, 0, text.Length));
        Assert.Equal(noise, await VolumeWorld.ReadAsync(cold, 1 << 20, noise.Length));
    }
}

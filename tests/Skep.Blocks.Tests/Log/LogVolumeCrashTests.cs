using Skep.Blocks.Files;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log;

/// <summary>What survives losses of power, failing disks and torn logs.</summary>
public sealed class LogVolumeCrashTests
{
    private static CancellationToken Ct => VolumeWorld.Ct;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_that_was_flushed_or_written_durably_is_lost(bool isEncrypted)
    {
        var world = new VolumeWorld();
        world.Format = world.Format with { IsEncrypted = isEncrypted };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] a = VolumeWorld.Pattern(1, 4096), b = VolumeWorld.Pattern(2, 512);
        await volume.WriteAsync(0, a, isDurable: false, Ct);
        await volume.FlushAsync(Ct);
        await volume.WriteAsync(8192, b, isDurable: true, Ct);
        await volume.TrimAsync(512, 512, isDurable: true, Ct);
        await world.CrashAsync(volume);
        a.AsSpan(512, 512).Clear();
        await using var again = await world.OpenAsync();
        Assert.Equal(a, await VolumeWorld.ReadAsync(again, 0, 4096));
        Assert.Equal(b, await VolumeWorld.ReadAsync(again, 8192, 512));
    }

    [Fact]
    public async Task A_flush_returns_after_the_sync_and_not_before()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await world.OpenAsync();
        await volume.WriteAsync(0, new byte[512], isDurable: false, Ct);
        int before = world.Disk.Syncs;
        await volume.FlushAsync(Ct);
        Assert.True(world.Disk.Syncs > before);
    }

    [Fact]
    public async Task A_failed_sync_stops_the_volume_for_good()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, new byte[512], isDurable: false, Ct);
        world.Disk.OnSync = _ => throw new IOException("the disk is broken");
        Assert.Equal(BlockError.Io, (await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.FlushAsync(Ct))).Error);
        world.Disk.OnSync = null;
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.FlushAsync(Ct));
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.WriteAsync(0, new byte[512], isDurable: false, Ct));
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.ReadAsync(0, new byte[512], Ct));
        Assert.Contains("broken", volume.Status.Failure, StringComparison.Ordinal);
        Assert.NotNull((await volume.CloseAsync(Ct)).Failure);
    }

    [Fact]
    public async Task What_was_found_after_a_failed_sync_is_durable_when_the_next_opener_says_so()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 8192), isDurable: true, Ct);
        await volume.WriteAsync(4096, VolumeWorld.Pattern(2, 299_008), isDurable: false, Ct);
        world.Disk.OnSync = _ => throw new IOException("the disk is broken");
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await volume.FlushAsync(Ct));
        world.Disk.OnSync = null;
        await volume.AbandonAsync();

        // Only the process has ended: the page cache still shows what the disk never got.
        volume = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(2, 299_008), await VolumeWorld.ReadAsync(volume, 4096, 299_008));
        await volume.FlushAsync(Ct);
        await world.CrashAsync(volume);
        await using var again = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(1, 8192)[..4096], await VolumeWorld.ReadAsync(again, 0, 4096));
        Assert.Equal(VolumeWorld.Pattern(2, 299_008), await VolumeWorld.ReadAsync(again, 4096, 299_008));
    }

    [Fact]
    public async Task A_log_that_there_is_no_room_to_write_again_is_opened_all_the_same()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 8192), isDurable: false, Ct);
        await volume.AbandonAsync();
        world.Disk.OnWrite = (name, offset, length) =>
        {
            if (offset == 0 && length > WalSegmentHeader.HeaderBytes)
                throw FileErrors.DiskFull(name);
        };
        await using var again = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(1, 8192), await VolumeWorld.ReadAsync(again, 0, 8192));
        Assert.Contains(world.Events, e => e.Kind == LogVolumeEventKind.LocalDiskFull);
        await again.DrainAsync(Ct);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(5000)]
    [InlineData(8192)]
    public async Task A_torn_append_loses_nothing_that_came_before_or_after(int bytesKept)
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        byte[] a = VolumeWorld.Pattern(1, 4096), b = VolumeWorld.Pattern(2, 4096), c = VolumeWorld.Pattern(3, 4096);
        await volume.WriteAsync(0, a, isDurable: false, Ct);
        world.Disk.BytesKeptOfFailedWrite = bytesKept;
        int failures = 0;
        world.Disk.OnWrite = (_, _, length) =>
        {
            if (length == 8192 && failures++ == 0)
                throw new IOException("short write");
        };
        await volume.WriteAsync(4096, b, isDurable: false, Ct);
        await volume.WriteAsync(8192, c, isDurable: false, Ct);
        await volume.FlushAsync(Ct);
        Assert.True(failures > 1);
        await world.CrashAsync(volume);
        await using var again = await world.OpenAsync();
        byte[] all = [.. a, .. b, .. c];
        Assert.Equal(all, await VolumeWorld.ReadAsync(again, 0, 12_288));
    }

    [Fact]
    public async Task Writes_wait_while_the_disk_is_full_and_go_on_after()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using var volume = await LogVolume.OpenAsync(world.Settings() with { Services = world.Services with { TimeProvider = new HurriedTime() } }, Ct);
        bool isFull = true;
        int attempts = 0;
        var tried = new TaskCompletionSource();
        world.Disk.OnWrite = (name, _, _) =>
        {
            if (isFull && Interlocked.Increment(ref attempts) > 3)
                tried.TrySetResult();
            if (isFull)
                throw FileErrors.DiskFull(name);
        };
        byte[] data = VolumeWorld.Pattern(1, 4096);
        var write = volume.WriteAsync(0, data, isDurable: true, Ct).AsTask();
        await tried.Task.WaitAsync(Ct);
        Assert.False(write.IsCompleted);
        isFull = false;
        await write;
        Assert.Equal(data, await VolumeWorld.ReadAsync(volume, 0, 4096));
    }

    [Fact]
    public async Task A_full_log_fails_writes_only_after_the_deadline_that_was_set()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        world.Store.OnPut = key => key.Contains("/data/", StringComparison.Ordinal) ? throw new ObjectStoreException(ObjectStoreError.Unavailable, "away") : Task.CompletedTask;
        var volume = await LogVolume.OpenAsync(world.Settings() with
        {
            Services = world.Services with { TimeProvider = new HurriedTime() },
            LogBytes = 4 * VolumeWorld.SegmentBytes,
            LogFullTimeout = TimeSpan.FromSeconds(30),
        }, Ct);
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(async () =>
        {
            for (int i = 0; i < 1000; i++)
                await volume.WriteAsync(i * 4096L, new byte[4096], isDurable: false, Ct);
        });
        Assert.Equal(BlockError.Io, failure.Error);
        await volume.AbandonAsync();
    }

    [Fact]
    public async Task A_segment_whose_making_was_cut_short_does_not_block_the_next_opening()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        await world.CrashAsync(volume);
        await using (var file = await world.Disk.OpenAsync("segment-0000aa", BlockFileMode.CreateNew, Ct))
            await file.WriteAsync(0, new byte[100], Ct);
        await using (var file = await world.Disk.OpenAsync("segment-0000ab", BlockFileMode.CreateNew, Ct))
            Assert.Equal(0, file.LengthBytes);
        await using var again = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(again, 0, 4096));
        Assert.DoesNotContain("segment-0000aa", world.Disk.Names);
        Assert.DoesNotContain("segment-0000ab", world.Disk.Names);
    }

    [Fact]
    public async Task A_foreign_file_among_the_segments_is_refused_by_name()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using (var file = await world.Disk.OpenAsync("segment-000000", BlockFileMode.CreateNew, Ct))
            await file.WriteAsync(0, VolumeWorld.Pattern(1, VolumeWorld.SegmentBytes), Ct);
        var failure = await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync());
        Assert.Equal(LogFormatError.Foreign, failure.Error);
        Assert.Contains("segment-000000", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_of_another_volume_is_refused()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await world.CreateAsync("other");
        var other = await world.OpenAsync("other");
        await other.WriteAsync(0, new byte[512], isDurable: true, Ct);
        await world.CrashAsync(other);
        var failure = await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync());
        Assert.Equal(LogFormatError.Foreign, failure.Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Damage_in_what_had_been_flushed_is_named_and_not_taken_for_the_end_of_the_log(bool isEncrypted)
    {
        var world = new VolumeWorld();
        world.Format = world.Format with { IsEncrypted = isEncrypted };
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        for (int i = 0; i < 3; i++)
            await volume.WriteAsync(i * 4096L, VolumeWorld.Pattern(i, 4096), isDurable: true, Ct);
        await world.CrashAsync(volume);
        var file = (MemoryFile)await world.Disk.OpenAsync(FirstSegmentOf(world), BlockFileMode.Open, Ct);
        file.Damage(4096 + 8192 + 4096 + 77);
        var failure = await Assert.ThrowsAsync<LogFormatException>(() => world.OpenAsync());
        Assert.Equal(LogFormatError.Damaged, failure.Error);
        Assert.Contains(FirstSegmentOf(world), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_records_of_a_segment_that_was_used_again_are_not_replayed()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        // Many times around the ring, with drains, so that every segment is full of older records.
        for (int i = 0; i < 300; i++)
        {
            await volume.WriteAsync(i % 20 * 16_384L, VolumeWorld.Pattern(i, 16_384), isDurable: false, Ct);
            if (i % 7 == 0)
                await volume.DrainAsync(Ct);
        }
        await volume.FlushAsync(Ct);
        await world.CrashAsync(volume);
        volume = await world.OpenAsync();
        for (int i = 280; i < 300; i++)
            Assert.Equal(VolumeWorld.Pattern(i, 16_384), await VolumeWorld.ReadAsync(volume, i % 20 * 16_384L, 16_384));
        await volume.CloseAsync(Ct);
    }

    [Fact]
    public async Task Records_of_before_a_recovery_do_not_come_back_after_it()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        var volume = await world.OpenAsync();
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 4096), isDurable: true, Ct);
        await volume.WriteAsync(4096, VolumeWorld.Pattern(2, 4096), isDurable: false, Ct);
        await volume.WriteAsync(8192, VolumeWorld.Pattern(3, 4096), isDurable: false, Ct);
        // All three are on the disk, but the second is torn: the third must stay dead.
        await world.CrashAsync(volume, isLucky: true);
        ((MemoryFile)await world.Disk.OpenAsync(FirstSegmentOf(world), BlockFileMode.Open, Ct)).Damage(4096 + 8192 + 4096 + 10);
        volume = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(1, 4096), await VolumeWorld.ReadAsync(volume, 0, 4096));
        Assert.Equal(new byte[8192], await VolumeWorld.ReadAsync(volume, 4096, 8192));
        await volume.WriteAsync(4096, VolumeWorld.Pattern(4, 4096), isDurable: true, Ct);
        await world.CrashAsync(volume, isLucky: true);
        await using var again = await world.OpenAsync();
        Assert.Equal(VolumeWorld.Pattern(4, 4096), await VolumeWorld.ReadAsync(again, 4096, 4096));
        Assert.Equal(new byte[4096], await VolumeWorld.ReadAsync(again, 8192, 4096));
    }

    [Fact]
    public async Task What_the_store_has_is_a_prefix_of_what_was_written_when_the_log_is_lost()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            var world = new VolumeWorld(seed);
            await world.CreateAsync();
            var volume = await world.OpenAsync();
            var random = new Random(seed);
            for (int i = 1; i <= 200; i++)
            {
                byte[] stamp = new byte[4096];
                stamp.AsSpan().Fill((byte)i);
                await volume.WriteAsync(random.Next(16) * 4096L, stamp, isDurable: false, Ct);
                // The last stamp is always at the front too, so that it says how far the prefix goes.
                await volume.WriteAsync(1 << 20, stamp, isDurable: false, Ct);
            }
            await volume.AbandonAsync();
            await using var elsewhere = await world.OpenAsync(disk: new MemoryDirectory());
            int last = (await VolumeWorld.ReadAsync(elsewhere, 1 << 20, 512))[0];
            var expected = new byte[16];
            random = new Random(seed);
            for (int i = 1; i <= last; i++)
                expected[random.Next(16)] = (byte)i;
            // The batch may end between a write and its stamp.
            int next = last < 200 ? random.Next(16) : -1;
            for (int i = 0; i < 16; i++)
            {
                byte found = (await VolumeWorld.ReadAsync(elsewhere, i * 4096L, 512))[0];
                Assert.True(found == expected[i] || (i == next && found == last + 1), $"seed {seed}, block {i}: found {found}, expected {expected[i]}, prefix {last}");
            }
        }
    }

    /// <summary>The segment that was put to use first: which of the spares that is depends on who comes first.</summary>
    private static string FirstSegmentOf(VolumeWorld world) => world.Disk.Names
        .Select(name => (Name: name, Header: name.StartsWith("segment-", StringComparison.Ordinal) ? WalSegmentHeader.Read(world.Disk.Content(name), name) : null))
        .Where(segment => segment.Header is not null)
        .MinBy(segment => segment.Header!.Ordinal).Name;
}

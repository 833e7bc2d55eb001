using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log;

/// <summary>Reads of what only the store has, while it is away.</summary>
public sealed class LogVolumeOutageTests
{
    private const int Length = 64 << 10;

    private static readonly byte[] _data = VolumeWorld.Pattern(1, Length);

    private static CancellationToken Ct => VolumeWorld.Ct;

    private static bool IsData(string key) => key.Contains("/data/", StringComparison.Ordinal);

    [Theory]
    [InlineData(ObjectStoreError.Unavailable)]
    [InlineData(ObjectStoreError.Full)]
    [InlineData(ObjectStoreError.Refused)]
    public async Task A_read_waits_for_its_store_and_says_so_once(ObjectStoreError error)
    {
        const int Failures = 100;
        var world = await StoredAsync();
        await using var volume = await OpenAsync(world, timeout: null);
        int failures = 0;
        world.Store.OnGet = (key, _, _) =>
        {
            if (IsData(key) && Interlocked.Increment(ref failures) <= Failures)
                throw new ObjectStoreException(error, "no");
        };
        Assert.Equal(_data, await VolumeWorld.ReadAsync(volume, 0, Length));
        Assert.True(failures > Failures);
        Assert.Contains("no", Assert.Single(world.Events, e => e.Kind == LogVolumeEventKind.StoreFailed).Message, StringComparison.Ordinal);
        Assert.Single(world.Events, e => e.Kind == LogVolumeEventKind.StoreAnswers);
        Assert.Null(volume.Status.StoreFailure);
    }

    [Fact]
    public async Task Many_readers_of_one_block_all_wait_and_all_get_it()
    {
        var world = await StoredAsync();
        var hasFailed = new TaskCompletionSource();
        var report = world.Services.OnEvent!;
        world.Services = world.Services with
        {
            OnEvent = e =>
            {
                report(e);
                if (e.Kind == LogVolumeEventKind.StoreFailed)
                    hasFailed.TrySetResult();
            },
        };
        await using var volume = await OpenAsync(world, timeout: null);
        var isAway = true;
        world.Store.OnGet = (key, _, _) =>
        {
            if (IsData(key) && Volatile.Read(ref isAway))
                throw new ObjectStoreException(ObjectStoreError.Unavailable, "away");
        };
        var reads = Enumerable.Range(0, 8).Select(i => VolumeWorld.ReadAsync(volume, i * 4096, 4096)).ToList();
        await hasFailed.Task.WaitAsync(Ct);
        // What comes from the log needs no store.
        await volume.WriteAsync(1 << 20, _data, isDurable: true, Ct);
        Assert.Equal(_data, await VolumeWorld.ReadAsync(volume, 1 << 20, Length));
        Assert.DoesNotContain(reads, r => r.IsCompleted);
        Assert.Equal("away", volume.Status.StoreFailure);
        Volatile.Write(ref isAway, false);
        for (int i = 0; i < reads.Count; i++)
            Assert.Equal(_data[(i * 4096)..((i + 1) * 4096)], await reads[i]);
    }

    [Fact]
    public async Task With_a_limit_a_read_fails_when_it_is_reached_and_the_volume_goes_on()
    {
        var world = await StoredAsync();
        await using var volume = await OpenAsync(world, TimeSpan.FromSeconds(30));
        world.Store.OnGet = (key, _, _) => throw new ObjectStoreException(ObjectStoreError.Unavailable, $"{key}: 503");
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => VolumeWorld.ReadAsync(volume, 0, Length));
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.Contains("within 00:00:30", failure.Message, StringComparison.Ordinal);
        Assert.Contains("503", failure.Message, StringComparison.Ordinal);
        world.Store.OnGet = null;
        Assert.Equal(_data, await VolumeWorld.ReadAsync(volume, 0, Length));
    }

    [Fact]
    public async Task Who_waits_is_told_when_the_volume_stops()
    {
        var world = await StoredAsync();
        var volume = await OpenAsync(world, timeout: null);
        var hasFailed = new TaskCompletionSource();
        world.Store.OnGet = (_, _, _) =>
        {
            hasFailed.TrySetResult();
            throw new ObjectStoreException(ObjectStoreError.Unavailable, "away");
        };
        var read = VolumeWorld.ReadAsync(volume, 0, Length);
        await hasFailed.Task.WaitAsync(Ct);
        await volume.AbandonAsync();
        Assert.Equal(BlockError.Shutdown, (await Assert.ThrowsAsync<BlockDeviceException>(() => read)).Error);
    }

    [Fact]
    public async Task A_reader_may_give_up()
    {
        var world = await StoredAsync();
        await using var volume = await OpenAsync(world, timeout: null);
        using var cancel = new CancellationTokenSource();
        world.Store.OnGet = (_, _, _) =>
        {
            cancel.Cancel();
            throw new ObjectStoreException(ObjectStoreError.Unavailable, "away");
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await volume.ReadAsync(0, new byte[4096], cancel.Token));
    }

    [Fact]
    public async Task What_is_not_there_is_no_outage()
    {
        var world = await StoredAsync();
        await using var volume = await OpenAsync(world, timeout: null);
        string key = Assert.Single(world.Store.Keys("/data/"));
        Assert.True(world.Store.Objects.TryRemove(key, out _));
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => VolumeWorld.ReadAsync(volume, 0, 4096));
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.Contains(key, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Events, e => e.Kind == LogVolumeEventKind.StoreFailed);
    }

    [Theory]
    [InlineData(ObjectStoreError.Unavailable)]
    [InlineData(ObjectStoreError.Refused)]
    public async Task Opening_does_not_wait_for_ever(ObjectStoreError error)
    {
        var world = await StoredAsync();
        world.Store.OnGet = (_, _, _) => throw new ObjectStoreException(error, "no");
        Assert.Equal(error, (await Assert.ThrowsAsync<ObjectStoreException>(() => OpenAsync(world, timeout: null))).Error);
    }

    [Fact]
    public async Task A_disk_that_fails_at_the_opening_is_not_called_full()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        world.Disk.OnWrite = (name, _, _) => throw new IOException($"{name}: Input/output error", 5);
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(() => world.OpenAsync());
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.Contains("Input/output error", failure.Message, StringComparison.Ordinal);
        world.Disk.OnWrite = (name, _, _) => throw Skep.Blocks.Files.FileErrors.DiskFull(name);
        Assert.Equal(BlockError.NoSpace, (await Assert.ThrowsAsync<BlockDeviceException>(() => world.OpenAsync())).Error);
        world.Disk.OnWrite = null;
        await using var volume = await world.OpenAsync();
    }

    /// <summary>A volume of which only the store has the content.</summary>
    private static async Task<VolumeWorld> StoredAsync()
    {
        var world = new VolumeWorld();
        await world.CreateAsync();
        await using (var volume = await world.OpenAsync())
        {
            await volume.WriteAsync(0, _data, isDurable: false, Ct);
            await volume.DrainAsync(Ct);
        }
        world.Disk = new MemoryDirectory();
        return world;
    }

    private static Task<LogVolume> OpenAsync(VolumeWorld world, TimeSpan? timeout) => LogVolume.OpenAsync(
        world.Settings() with { Services = world.Services with { TimeProvider = new HurriedTime() }, ReadTimeout = timeout, ReadAheadBytes = 0 }, Ct);
}

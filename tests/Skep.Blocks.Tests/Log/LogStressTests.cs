using Skep.Blocks.Files;
using Skep.Blocks.Log;

namespace Skep.Blocks.Tests.Log;

/// <summary>
/// A volume on a real disk, used by many threads at once. A lock that is not released, or a wake-up that is lost, ends the test by its
/// time limit instead of never.
/// </summary>
public sealed class LogStressTests : IDisposable
{
    private const int TimeoutMs = 180_000;
    private const int Block = 4096;
    private const int Connections = 4;
    private const int Depth = 8;
    private const int BlocksPerWriter = 64;
    private const int RequestsPerWriter = 400;

    private readonly string _path = Directory.CreateTempSubdirectory("skep-stress-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Theory(Timeout = TimeoutMs)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task Parallel_flushes_writes_reads_trims_and_snapshots_all_end(int seed, bool isEncrypted)
    {
        var world = new VolumeWorld(seed) { Format = new LogVolumeFormat { SizeBytes = Connections * Depth * BlocksPerWriter * Block, ObjectBytes = 256 << 10, IsEncrypted = isEncrypted } };
        await world.CreateAsync();
        var settings = await SettingsAsync(world);
        byte[][] held;
        await using (var volume = await LogVolume.OpenAsync(settings, Ct))
        {
            var writers = Enumerable.Range(0, Connections * Depth).Select(i => Task.Run(() => WriteAsync(volume, i, seed), Ct)).ToArray();
            var snapshots = SnapshotAsync(volume, Task.WhenAll(writers));
            held = await Task.WhenAll(writers);
            Assert.True(await snapshots > 0, $"seed {seed}: no snapshot was taken meanwhile");
            await CheckAsync(volume, held);
            Assert.Null((await volume.CloseAsync(Ct)).Failure);
        }

        await using var again = await LogVolume.OpenAsync(settings, Ct);
        await CheckAsync(again, held);
    }

    [Theory(Timeout = TimeoutMs)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_rots_in_the_log_is_neither_served_nor_stored(bool isEncrypted)
    {
        var world = new VolumeWorld { Format = new LogVolumeFormat { SizeBytes = 8 << 20, ObjectBytes = 256 << 10, IsEncrypted = isEncrypted } };
        await world.CreateAsync();
        var settings = await SettingsAsync(world);
        await using var volume = await LogVolume.OpenAsync(settings, Ct);
        await volume.WriteAsync(0, VolumeWorld.Pattern(1, 64 << 10), isDurable: true, Ct);
        await volume.WriteAsync(1 << 20, VolumeWorld.Pattern(2, Block), isDurable: true, Ct);
        var segment = Directory.GetFiles(Path.Combine(_path, "log"), "segment-*").Min(StringComparer.Ordinal)!;
        using (var file = File.OpenHandle(segment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            byte[] one = new byte[1];
            RandomAccess.Read(file, one, 8192 + 5000);
            one[0] ^= 1;
            RandomAccess.Write(file, one, 8192 + 5000);
        }

        var ex = await Assert.ThrowsAsync<BlockDeviceException>(async () => await VolumeWorld.ReadAsync(volume, 0, 64 << 10));
        Assert.Contains($"{Path.GetFileName(segment)} is damaged: the sector at 12800", ex.Message, StringComparison.Ordinal);
        // The sectors around it are as they were.
        Assert.Equal(VolumeWorld.Pattern(1, 64 << 10)[..4608], await VolumeWorld.ReadAsync(volume, 0, 4608));
        Assert.Equal(VolumeWorld.Pattern(2, Block), await VolumeWorld.ReadAsync(volume, 1 << 20, Block));

        ex = await Assert.ThrowsAsync<BlockDeviceException>(() => volume.DrainAsync(Ct));
        Assert.Contains(Path.GetFileName(segment), ex.Message, StringComparison.Ordinal);
        Assert.Contains(world.Events, e => e.Kind == LogVolumeEventKind.Stopped);
        await volume.AbandonAsync();
        var refused = await Assert.ThrowsAsync<LogFormatException>(() => LogVolume.OpenAsync(settings, Ct));
        Assert.Contains(Path.GetFileName(segment), refused.Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = TimeoutMs)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refused_opening_does_not_disown_the_log(bool isEncrypted)
    {
        var world = new VolumeWorld { Format = new LogVolumeFormat { SizeBytes = 8 << 20, ObjectBytes = 256 << 10, IsEncrypted = isEncrypted } };
        await world.CreateAsync();
        var settings = await SettingsAsync(world);
        var volume = await LogVolume.OpenAsync(settings, Ct);
        for (int i = 0; i < 3; i++)
            await volume.WriteAsync(i * Block, VolumeWorld.Pattern(i, Block), isDurable: true, Ct);
        await volume.AbandonAsync();
        await volume.DisposeAsync();
        var segment = Directory.GetFiles(Path.Combine(_path, "log"), "segment-*").Min(StringComparer.Ordinal)!;
        byte[] whole = await File.ReadAllBytesAsync(segment, Ct);
        byte[] headless = [.. whole];
        headless.AsSpan(0, Block).Clear();
        await File.WriteAllBytesAsync(segment, headless, Ct);
        var ex = await Assert.ThrowsAsync<LogFormatException>(() => LogVolume.OpenAsync(settings, Ct));
        Assert.Contains(Path.GetFileName(segment), ex.Message, StringComparison.Ordinal);
        // Whoever gets the file back has the data back.
        await File.WriteAllBytesAsync(segment, whole, Ct);
        await using var again = await LogVolume.OpenAsync(settings, Ct);
        for (int i = 0; i < 3; i++)
            Assert.Equal(VolumeWorld.Pattern(i, Block), await VolumeWorld.ReadAsync(again, i * Block, Block));
    }

    private async Task<LogVolumeSettings> SettingsAsync(VolumeWorld world)
    {
        Directory.CreateDirectory(Path.Combine(_path, "log"));
        Directory.CreateDirectory(Path.Combine(_path, "cache"));
        return world.Settings() with
        {
            LogDirectory = await LocalDirectory.OpenAsync(Path.Combine(_path, "log"), Ct),
            CacheDirectory = await LocalDirectory.OpenAsync(Path.Combine(_path, "cache"), Ct),
            SegmentBytes = 1 << 20,
            LogBytes = 8 << 20,
        };
    }

    private static async Task<byte[]> WriteAsync(LogVolume volume, int writer, int seed)
    {
        const int FlushEvery = 4;
        var random = new Random(HashCode.Combine(seed, writer));
        byte[] held = new byte[BlocksPerWriter * Block], content = new byte[Block];
        long first = (long)writer * held.Length;
        for (int request = 1; request <= RequestsPerWriter; request++)
        {
            int at = random.Next(BlocksPerWriter) * Block;
            switch (request % FlushEvery == 0 ? -1 : random.Next(8))
            {
                case -1:
                    await volume.FlushAsync(Ct);
                    break;
                case 0:
                    await volume.TrimAsync(first + at, Block, isDurable: random.Next(4) == 0, Ct);
                    held.AsSpan(at, Block).Clear();
                    break;
                case 1 or 2:
                    await volume.ReadAsync(first + at, content, Ct);
                    Assert.True(content.AsSpan().SequenceEqual(held.AsSpan(at, Block)), $"seed {seed}, writer {writer}, request {request}");
                    break;
                default:
                    random.NextBytes(content);
                    await volume.WriteAsync(first + at, content, isDurable: random.Next(8) == 0, Ct);
                    content.CopyTo(held, at);
                    break;
            }
        }

        return held;
    }

    private static async Task<int> SnapshotAsync(LogVolume volume, Task until)
    {
        int count = 0;
        do
        {
            await volume.SnapshotAsync($"s{count}", Ct);
            if (count++ > 0)
                await volume.DeleteSnapshotAsync($"s{count - 2}", Ct);
        }
        while (!until.IsCompleted);
        return count;
    }

    private static async Task CheckAsync(LogVolume volume, byte[][] held)
    {
        for (int i = 0; i < held.Length; i++)
            Assert.Equal(held[i], await VolumeWorld.ReadAsync(volume, (long)i * held[i].Length, held[i].Length));
    }
}

using System.Globalization;
using System.Security.Cryptography;
using Skep.Blocks;
using Skep.Blocks.Files;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;

namespace Skep.Bench;

/// <summary>
/// A log-structured volume alone: its write-ahead log and read cache in a real directory, its objects in memory, so that
/// what is measured is the engine and the local disk.
/// </summary>
internal static class LogVolumeFigures
{
    private const long SizeBytes = 2L << 30;
    private static readonly TimeSpan _measured = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(string parent, CancellationToken ct)
    {
        foreach (var isEncrypted in (bool[])[false, true])
        {
            var path = Path.Combine(parent, $"skep-bench-volume-{Environment.ProcessId}");
            Directory.CreateDirectory(path);
            try
            {
                await MeasureAsync(path, isEncrypted, ct);
            }
            finally
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    private static async Task MeasureAsync(string path, bool isEncrypted, CancellationToken ct)
    {
        var keys = new BenchKeys();
        var services = new LogVolumeServices { TimeProvider = TimeProvider.System, Random = RandomNumberGenerator.Fill };
        var store = new MemoryObjectStore("memory", TimeProvider.System);
        var kind = isEncrypted ? "encrypted" : "plain";
        await LogVolume.CreateAsync(store, "vol", new LogVolumeFormat { SizeBytes = SizeBytes, IsEncrypted = isEncrypted }, keys, services, ct);
        await using var volume = await LogVolume.OpenAsync(new LogVolumeSettings
        {
            Store = store,
            Name = "vol",
            LogDirectory = await LocalDirectory.OpenAsync(Path.Combine(path, "log"), ct),
            CacheDirectory = await LocalDirectory.OpenAsync(Path.Combine(path, "cache"), ct),
            CacheBytes = 1L << 30,
            LogBytes = 2L << 30,
            Keys = keys,
            Services = services,
        }, ct);
        var data = new byte[1 << 20];
        Random.Shared.NextBytes(data);
        await SequentialAsync(volume, data, kind, ct);
        await volume.DrainAsync(ct);
        await RepeatAsync($"{kind}: 4 KiB random write, 1 writer", 1, (random, _) => volume.WriteAsync(Block(random), data.AsMemory(0, 4096), isDurable: false, ct));
        await volume.DrainAsync(ct);
        await RepeatAsync($"{kind}: 4 KiB random write, 16 writers", 16, (random, _) => volume.WriteAsync(Block(random), data.AsMemory(0, 4096), isDurable: false, ct));
        await RepeatAsync($"{kind}: 4 KiB random read of the log, 1 reader", 1, (random, buffer) => volume.ReadAsync(Block(random), buffer, ct));
        await volume.DrainAsync(ct);
        await RepeatAsync($"{kind}: 4 KiB random write and flush, 1 writer", 1, (random, _) => volume.WriteAsync(Block(random), data.AsMemory(0, 4096), isDurable: true, ct));
        await RepeatAsync($"{kind}: 4 KiB random write and flush, 16 writers", 16, (random, _) => volume.WriteAsync(Block(random), data.AsMemory(0, 4096), isDurable: true, ct));
        await volume.DrainAsync(ct);
        await RepeatAsync($"{kind}: 4 KiB random read of 256 MiB, 1 reader", 1, (random, buffer) => volume.ReadAsync(random.Next(65_536) * 4096L, buffer, ct));
        var status = volume.Status;
        Console.WriteLine(FormattableString.Invariant($"{kind}: at the end {status.Extents} extents, {status.Objects} objects, live {100.0 * status.LiveBytes / status.TotalBytes:f0} %, memory {(GC.GetTotalMemory(forceFullCollection: true) - status.StoredBytes) >> 20} MiB beside the objects"));
    }

    private static async Task SequentialAsync(LogVolume volume, byte[] data, string kind, CancellationToken ct)
    {
        const int Count = 1024;
        var start = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < Count; i++)
            await volume.WriteAsync((long)i * data.Length, data, isDurable: false, ct);
        var written = TimeProvider.System.GetElapsedTime(start);
        await volume.DrainAsync(ct);
        var drained = TimeProvider.System.GetElapsedTime(start);
        Console.WriteLine(FormattableString.Invariant($"{kind}: 1 MiB sequential write: {Count / written.TotalSeconds:f0} MiB/s, in the store {Count / drained.TotalSeconds:f0} MiB/s"));
        start = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < Count; i++)
            await volume.ReadAsync((long)i * data.Length, data, ct);
        Console.WriteLine(FormattableString.Invariant($"{kind}: 1 MiB sequential read of the store: {Count / TimeProvider.System.GetElapsedTime(start).TotalSeconds:f0} MiB/s"));
    }

    private static long Block(Random random) => random.NextInt64(SizeBytes / 4096) * 4096;

    private static async Task RepeatAsync(string what, int callers, Func<Random, Memory<byte>, ValueTask> action)
    {
        var counts = new long[callers];
        var start = TimeProvider.System.GetTimestamp();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var random = new Random(caller);
            var buffer = new byte[4096];
            while (TimeProvider.System.GetElapsedTime(start) < _measured)
            {
                await action(random, buffer);
                counts[caller]++;
            }
        })));
        var perSecond = counts.Sum() / TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {perSecond:f0} a second, {callers * 1e6 / perSecond:f1} µs each, {allocated / counts.Sum()} bytes allocated each"));
    }

    private sealed class BenchKeys : Skep.Blocks.Keys.IKeyRing
    {
        private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

        public string CurrentKeyId => "bench";

        public ReadOnlyMemory<byte>? Find(string keyId) => _key;
    }
}

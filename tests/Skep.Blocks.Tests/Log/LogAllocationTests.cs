using System.Security.Cryptography;
using Skep.Blocks.Files;
using Skep.Blocks.Log;
using Skep.Blocks.Stores;
using Skep.Blocks.Tests.Nbd;

namespace Skep.Blocks.Tests.Log;

/// <summary>What writes cost the collector, the way to the store included. Alone in the process while it counts.</summary>
[Collection(nameof(Alone))]
public sealed class LogAllocationTests
{
    private const int WriteCount = 16_384;
    private const int BlockBytes = 4096;

    /// <summary>
    /// A batch costs its map, its object's header and its record in the manifest log: 861 bytes for each place that was
    /// written, measured; a write costs nothing of its own. One copy of the data would be twice the bound.
    /// </summary>
    private const long AllocatedBytesAWriteMax = 2048;

    [Fact]
    public async Task Small_writes_and_their_way_to_the_store_allocate_next_to_nothing()
    {
        var ct = TestContext.Current.CancellationToken;
        var path = Directory.CreateTempSubdirectory("skep-log-allocation-").FullName;
        try
        {
            var services = new LogVolumeServices { TimeProvider = TimeProvider.System, Random = RandomNumberGenerator.Fill };
            var store = DirectoryObjectStore.Open(Path.Combine(path, "store"), TaskScheduler.Default, TimeProvider.System, new Random(1));
            await LogVolume.CreateAsync(store, "vol", new LogVolumeFormat { SizeBytes = 64 << 20 }, keys: null, services, ct);
            Directory.CreateDirectory(Path.Combine(path, "log"));
            await using var volume = await LogVolume.OpenAsync(
                new LogVolumeSettings
                {
                    Store = store,
                    Name = "vol",
                    LogDirectory = await LocalDirectory.OpenAsync(Path.Combine(path, "log"), ct),
                    LogBytes = 512L << 20,
                    SegmentBytes = 4 << 20,
                    // One buffer of an object, made before the counting begins.
                    UploadsInFlight = 1,
                    Services = services,
                },
                ct);
            var data = RandomNumberGenerator.GetBytes(BlockBytes);
            await WriteAsync(volume, data, seed: 1, ct);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await WriteAsync(volume, data, seed: 2, ct);
            var allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / WriteCount;
            Assert.InRange(allocated, 0, AllocatedBytesAWriteMax);
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static async Task WriteAsync(LogVolume volume, byte[] data, int seed, CancellationToken ct)
    {
        var random = new Random(seed);
        var blocks = (int)(volume.SizeBytes / BlockBytes);
        for (var i = 0; i < WriteCount; i++)
            await volume.WriteAsync((long)random.Next(blocks) * BlockBytes, data, isDurable: false, ct);
        await volume.DrainAsync(ct);
    }
}

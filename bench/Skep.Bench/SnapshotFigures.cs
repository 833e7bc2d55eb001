using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Skep.Blocks.Chunks;
using Skep.Blocks.Devices;
using Skep.Blocks.Stores;

namespace Skep.Bench;

/// <summary>
/// Snapshots of one raw disk in the chunk store, and in restic and borg where they are installed: a first one, a second
/// after 1 % has changed, and what comes back.
/// </summary>
internal static class SnapshotFigures
{
    private const int Block = ChunkStore.BlockBytes;

    public static async Task RunAsync(string parent, long sizeBytes, long dataBytes, CancellationToken ct)
    {
        using var scratch = new ScratchDirectory(parent);
        foreach (var isCompressible in (bool[])[false, true])
        {
            var kind = isCompressible ? "compressible" : "incompressible";
            var disk = scratch.Combine("disk.raw");
            Console.WriteLine($"{kind}: {sizeBytes >> 20} MiB disk with {dataBytes >> 20} MiB of data, load {Load()}");
            MakeDisk(disk, sizeBytes, dataBytes, isCompressible);
            await MeasureSkepAsync(scratch, disk, kind, dataBytes, ct);
            foreach (var contender in BackupContender.All(scratch))
            {
                MakeDisk(disk, sizeBytes, dataBytes, isCompressible);
                await contender.MeasureAsync(disk, kind, () => ChangeOnePercent(disk, dataBytes), ct);
            }

            Directory.Delete(scratch.Combine("chunks"), recursive: true);
        }

        Console.WriteLine($"load at the end {Load()}");
    }

    private static async Task MeasureSkepAsync(ScratchDirectory scratch, string disk, string kind, long dataBytes, CancellationToken ct)
    {
        Directory.CreateDirectory(scratch.Combine("chunks"));
        var objects = DirectoryObjectStore.Open(scratch.Combine("chunks/objects"), TaskScheduler.Default, TimeProvider.System, new Random(0));
        var services = new ChunkStoreServices { Time = TimeProvider.System, FillRandom = RandomNumberGenerator.Fill, Compute = TaskScheduler.Default };
        var store = await ChunkStore.OpenAsync(objects, new ChunkStoreOptions(), services, ct);
        using var workers = new IoWorkers();
        await using (var device = FileDevice.Open(disk, isReadOnly: true, workers))
            await TakeAsync(store, device, "first", parentId: null, Extents(device.SizeBytes, dataBytes), $"skep, {kind}: first snapshot", scratch, ct);
        var changed = ChangeOnePercent(disk, dataBytes);
        await using (var device = FileDevice.Open(disk, isReadOnly: true, workers))
        {
            // What a volume or a dirty bitmap knows: which blocks have changed.
            await TakeAsync(store, device, "second", "first", changed, $"skep, {kind}: after 1 %, changed blocks known", scratch, ct);
            await TakeAsync(store, device, "third", "second", Extents(device.SizeBytes, dataBytes), $"skep, {kind}: all read again, nothing changed", scratch, ct);
        }

        await RestoreAsync(objects, services, disk, scratch.Combine("restored.raw"), kind, ct);
    }

    private static async Task TakeAsync(ChunkStore store, FileDevice device, string id, string? parentId, IReadOnlyList<long> blocks, string what, ScratchDirectory scratch, CancellationToken ct)
    {
        var before = DirectoryBytes(scratch.Combine("chunks"));
        var clock = Stopwatch.StartNew();
        await using var writer = await store.BeginAsync(new SnapshotRequest { SnapshotId = id, SizeBytes = device.SizeBytes, ParentId = parentId }, ct);
        var buffer = new byte[Block];
        foreach (var block in blocks)
        {
            await device.ReadAsync(block * Block, buffer, ct);
            await writer.PutBlockAsync(block, buffer, ct);
        }

        await writer.CompleteAsync(ct);
        Report(what, clock.Elapsed, blocks.Count * (long)Block, DirectoryBytes(scratch.Combine("chunks")) - before);
    }

    private static async Task RestoreAsync(IObjectStore objects, ChunkStoreServices services, string disk, string target, string kind, CancellationToken ct)
    {
        // As after a restart: nothing is known of the store yet.
        var clock = Stopwatch.StartNew();
        var store = await ChunkStore.OpenAsync(objects, new ChunkStoreOptions(), services, ct);
        await using var reader = await store.OpenAsync("second", ct);
        var buffer = new byte[Block];
        await reader.ReadAsync(0, buffer.AsMemory(0, 4096), ct);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"skep, {kind}: store opened and first 4 KiB read: {clock.Elapsed.TotalMilliseconds:F0} ms"));
        clock.Restart();
        long bytes = 0;
        using (var file = File.OpenHandle(target, FileMode.Create, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, reader.SizeBytes);
            foreach (var block in reader.ListBlocks(0))
            {
                await reader.ReadBlockAsync(block, buffer, ct);
                RandomAccess.Write(file, buffer, block * Block);
                bytes += Block;
            }

            RandomAccess.FlushToDisk(file);
        }

        Report($"skep, {kind}: whole restore", clock.Elapsed, bytes, bytes);
        CheckSame(disk, target);
        File.Delete(target);
    }

    /// <summary>Blocks with data are spread over the disk, as many as asked for.</summary>
    private static List<long> Extents(long sizeBytes, long dataBytes)
    {
        var (blocks, count) = (sizeBytes / Block, dataBytes / Block);
        return [.. Enumerable.Range(0, (int)count).Select(i => i * blocks / count)];
    }

    private static void MakeDisk(string path, long sizeBytes, long dataBytes, bool isCompressible)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, sizeBytes);
        var random = new Random(1);
        var buffer = new byte[Block];
        foreach (var block in Extents(sizeBytes, dataBytes))
        {
            random.NextBytes(buffer);
            // Half of every 4 KiB is of one byte: what zstd makes about half of.
            for (var at = 0; isCompressible && at < Block; at += 4096)
                buffer.AsSpan(at, 2048).Fill(buffer[at]);
            RandomAccess.Write(file, buffer, block * Block);
        }

        RandomAccess.FlushToDisk(file);
    }

    private static List<long> ChangeOnePercent(string path, long dataBytes)
    {
        var random = new Random(2);
        var blocks = Extents(new FileInfo(path).Length, dataBytes).Where((_, i) => i % 100 == 0).ToList();
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var buffer = new byte[Block];
        foreach (var block in blocks)
        {
            random.NextBytes(buffer);
            RandomAccess.Write(file, buffer, block * Block);
        }

        RandomAccess.FlushToDisk(file);
        return blocks;
    }

    private static void CheckSame(string expected, string found)
    {
        using FileStream first = File.OpenRead(expected), second = File.OpenRead(found);
        byte[] left = new byte[Block], right = new byte[Block];
        for (long at = 0; at < first.Length; at += Block)
        {
            var count = first.ReadAtLeast(left, Block, throwOnEndOfStream: false);
            second.ReadAtLeast(right, Block, throwOnEndOfStream: false);
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count)))
                throw new InvalidDataException($"{found} differs from {expected} in the block at {at}");
        }
    }

    internal static void Report(string what, TimeSpan took, long bytesRead, long bytesWritten) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: {took.TotalSeconds:F2} s, {bytesRead / took.TotalSeconds / (1 << 20):F0} MiB/s, {bytesRead >> 20} MiB of data, {bytesWritten >> 20} MiB written"));

    internal static long DirectoryBytes(string path) => Directory.Exists(path) ? new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length) : 0;

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];
}

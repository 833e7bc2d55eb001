using System.Buffers;
using System.Collections;
using System.Net.Sockets;
using Skep.Blocks.Chunks;
using Skep.Blocks.Nbd;

namespace Skep.Storage.Snapshots;

/// <summary>
/// Copies what an NBD server shows into a snapshot: of a whole disk all that is not zeroes, of one whose changes are known
/// only those.
/// </summary>
/// <param name="source">The server.</param>
/// <param name="target">The snapshot.</param>
/// <param name="changesContext">
/// The metadata context that is not 0 for what changed: a dirty bitmap, or the allocation depth of a file that has changes
/// alone. Null when all of the disk is copied.
/// </param>
internal sealed class DiskCopy(NbdClient source, SnapshotWriter target, string? changesContext)
{
    /// <summary>Tells what a file has of its own.</summary>
    public const string DepthContext = "qemu:allocation-depth";

    private const string AllocationContext = "base:allocation";
    private const uint HoleOrZero = 3; // NBD_STATE_HOLE, NBD_STATE_ZERO
    private const int ExtentsMax = 1024;
    private const int ReadsMax = 4;
    private const int PercentStep = 5;

    private long _done;
    private int _percentShown;

    /// <summary>Bytes that had to be read.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>Connects to the server of a disk.</summary>
    /// <exception cref="NbdException">It cannot be reached or does not have the export.</exception>
    public static Task<NbdClient> ConnectAsync(string socketPath, string exportName, string? changesContext, TimeProvider time, CancellationToken ct) => NbdClient.ConnectAsync(
        new NbdClientOptions
        {
            EndPoint = new UnixDomainSocketEndPoint(socketPath),
            ExportName = exportName,
            MetaContexts = changesContext is null ? [AllocationContext] : [AllocationContext, changesContext],
        },
        time,
        ct);

    /// <summary>Copies. Progress is told in percent, now and then.</summary>
    /// <exception cref="NbdException">The connection broke.</exception>
    /// <exception cref="SnapshotException">The server does not tell the changes, or the disk is larger than the snapshot.</exception>
    public async Task RunAsync(Func<int, Task> showProgress, CancellationToken ct)
    {
        if (source.SizeBytes > target.SizeBytes)
            throw new SnapshotException($"the disk has {source.SizeBytes} bytes, more than the snapshot's {target.SizeBytes}");
        if (changesContext is not null && !source.MetaContexts.Contains(changesContext))
            throw new SnapshotException($"QEMU does not tell what has changed: it has no {changesContext}");
        var data = await MapAsync(AllocationContext, static flags => (flags & HoleOrZero) == 0, ct);
        var isConcerned = changesContext is null ? new BitArray(data.Length, defaultValue: true) : await MapAsync(changesContext, static flags => flags != 0, ct);
        var blocks = new List<long>();
        for (var block = 0; block < data.Length; block++)
        {
            if (!isConcerned[block])
                continue;
            if (data[block])
                blocks.Add(block);
            else
                target.PutZeroes(block, 1);
        }

        if (changesContext is null && target.BlockCount > data.Length)
            target.PutZeroes(data.Length, target.BlockCount - data.Length);
        await Parallel.ForEachAsync(blocks, new ParallelOptions { MaxDegreeOfParallelism = ReadsMax, CancellationToken = ct }, async (block, token) =>
        {
            await CopyAsync(block, token);
            var percent = (int)(Interlocked.Increment(ref _done) * 100 / blocks.Count);
            var shown = Volatile.Read(ref _percentShown);
            if (percent >= shown + PercentStep && Interlocked.CompareExchange(ref _percentShown, percent, shown) == shown)
                await showProgress(percent);
        });
        ReadBytes = (long)blocks.Count * ChunkStore.BlockBytes;
    }

    private async Task CopyAsync(long block, CancellationToken ct)
    {
        var offset = block * ChunkStore.BlockBytes;
        var length = (int)Math.Min(ChunkStore.BlockBytes, target.SizeBytes - offset);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var there = (int)Math.Min(length, source.SizeBytes - offset);
            await source.ReadAsync(offset, buffer.AsMemory(0, there), ct);
            buffer.AsSpan(there, length - there).Clear();
            await target.PutBlockAsync(block, buffer.AsMemory(0, length), ct);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Which blocks have anything of a kind in them.</summary>
    private async Task<BitArray> MapAsync(string context, Func<uint, bool> isMeant, CancellationToken ct)
    {
        var map = new BitArray(checked((int)((source.SizeBytes + ChunkStore.BlockBytes - 1) / ChunkStore.BlockBytes)));
        if (!source.MetaContexts.Contains(context))
        {
            map.SetAll(true); // a server that tells nothing: all of it is read
            return map;
        }

        var extents = new NbdExtent[ExtentsMax];
        for (long offset = 0; offset < source.SizeBytes;)
        {
            var count = await source.DescribeAsync(context, offset, source.SizeBytes - offset, extents, ct);
            for (var i = 0; i < count && offset < source.SizeBytes; i++)
            {
                var end = Math.Min(offset + extents[i].LengthBytes, source.SizeBytes);
                if (isMeant((uint)extents[i].Flags))
                {
                    for (var block = offset / ChunkStore.BlockBytes; block * ChunkStore.BlockBytes < end; block++)
                        map[(int)block] = true;
                }

                offset = end;
            }
        }

        return map;
    }
}

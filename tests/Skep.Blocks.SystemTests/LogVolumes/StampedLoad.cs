namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>
/// Load on a disk from several connections: each of many writers has a region of its own, so that the order of writes to a
/// block is known, and does one request after the other. Flushes go through another connection than the writes.
/// </summary>
internal sealed class StampedLoad(StampedDisk disk, IReadOnlyList<IBlockDevice> connections, int writersPerConnection, int seed)
{
    private const int RunBlocksMax = 16;
    private const int FlushEvery = 4;
    private long _acknowledged;
    private int _broken;

    /// <summary>How many writes, trims and flushes were acknowledged.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>How many writers were cut short in the middle of a request.</summary>
    public int Broken => _broken;

    /// <summary>Told of every acknowledgement, with how many there are now.</summary>
    public Action<long> OnAcknowledged { get; init; } = _ => { };

    /// <summary>Whether a request may fail now.</summary>
    public Func<bool> MayBreak { get; init; } = () => false;

    /// <summary>How much of each region is written to; 1 for all of it.</summary>
    public double RegionPart { get; init; } = 1;

    /// <summary>Runs until each writer has done its requests, or its connection broke.</summary>
    public Task RunAsync(int requestsPerWriter, CancellationToken ct)
    {
        var writers = connections.Count * writersPerConnection;
        var blocks = disk.BlockCount / writers;
        return Task.WhenAll(Enumerable.Range(0, writers).Select(i => Task.Run(() => WriteAsync(i, i * blocks, Math.Max(RunBlocksMax, (int)(blocks * RegionPart)), requestsPerWriter, ct), ct)));
    }

    private async Task WriteAsync(int writer, int first, int count, int requests, CancellationToken ct)
    {
        var random = new Random(HashCode.Combine(seed, writer));
        var device = connections[writer % connections.Count];
        var flushed = connections[(writer + 1) % connections.Count];
        var buffer = new byte[RunBlocksMax * StampedDisk.BlockBytes];
        try
        {
            for (var request = 1; request <= requests; request++)
            {
                var length = random.Next(3) == 0 ? random.Next(1, RunBlocksMax + 1) : 1;
                var block = first + random.Next(count - length + 1);
                var part = buffer.AsMemory(0, length * StampedDisk.BlockBytes);
                if (request % FlushEvery == 0)
                    await flushed.FlushAsync(ct);
                else if (random.Next(8) == 0)
                    await ReadAsync(device, block, part, ct);
                else
                    await ChangeAsync(device, block, part, random, ct);
                OnAcknowledged(Interlocked.Increment(ref _acknowledged));
            }
        }
        catch (BlockDeviceException) when (MayBreak())
        {
            Interlocked.Increment(ref _broken);
        }
    }

    private async Task ReadAsync(IBlockDevice device, int block, Memory<byte> part, CancellationToken ct)
    {
        await device.ReadAsync(block * (long)StampedDisk.BlockBytes, part, ct);
        Assert.Null(disk.Check(part.Span, block));
    }

    private async Task ChangeAsync(IBlockDevice device, int block, Memory<byte> part, Random random, CancellationToken ct)
    {
        var count = part.Length / StampedDisk.BlockBytes;
        var isZero = random.Next(10) == 0;
        var isDurable = random.Next(12) == 0;
        var offset = block * (long)StampedDisk.BlockBytes;
        var stamp = disk.Begin(block, count, isZero);
        StampedDisk.Fill(part.Span, block, stamp);
        if (isZero)
            await device.TrimAsync(offset, part.Length, isDurable, ct);
        else
            await device.WriteAsync(offset, part, isDurable, ct);
        disk.End(block, count);
    }
}

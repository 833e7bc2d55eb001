namespace Skep.Blocks.SystemTests.LogVolumes;

/// <summary>Fills a disk from its beginning, several requests at a time, and knows how far it has come.</summary>
internal sealed class SequentialWrite(StampedDisk disk, IBlockDevice device)
{
    /// <summary>Blocks of one request.</summary>
    public const int RequestBlocks = 16;

    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _acknowledgedBytes;

    /// <summary>How many requests are under way at a time.</summary>
    public int Requests { get; init; } = 16;

    /// <summary>How much was acknowledged.</summary>
    public long AcknowledgedBytes => Interlocked.Read(ref _acknowledgedBytes);

    /// <summary>When so much is acknowledged, <see cref="Reached"/> ends.</summary>
    public long ReachedBytes { get; init; } = long.MaxValue;

    public Task Reached => _reached.Task;

    /// <summary>Writes so many bytes, from the beginning again where the disk ends.</summary>
    public async Task RunAsync(long bytes, CancellationToken ct)
    {
        var next = -RequestBlocks;
        await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => Task.Run(WriteAsync, ct)));

        async Task WriteAsync()
        {
            var buffer = new byte[RequestBlocks * StampedDisk.BlockBytes];
            while (Interlocked.Add(ref next, RequestBlocks) is var at && at * (long)StampedDisk.BlockBytes < bytes)
            {
                var block = at % disk.BlockCount;
                StampedDisk.Fill(buffer, block, disk.Begin(block, RequestBlocks, isZero: false));
                await device.WriteAsync(block * (long)StampedDisk.BlockBytes, buffer, isDurable: false, ct);
                disk.End(block, RequestBlocks);
                if (Interlocked.Add(ref _acknowledgedBytes, buffer.Length) >= ReachedBytes)
                    _reached.TrySetResult();
            }
        }
    }
}

namespace Skep.Blocks.Chunks;

/// <summary>
/// A snapshot as a device that can only be read. Every byte is checked against the identity of its chunk: what is
/// damaged fails with <see cref="BlockError.Io"/>, naming snapshot, block and chunk, and is never served. Keeps the blocks
/// read last and reads ahead of whoever reads in order. Thread-safe.
/// </summary>
public sealed class SnapshotReader : IBlockDevice
{
    /// <summary>Blocks kept: 16 MiB.</summary>
    private const int CachedBlocksMax = 32;

    /// <summary>Blocks read ahead of an orderly reader.</summary>
    private const int ReadAheadBlocks = 4;

    private readonly ChunkStore _store;
    private readonly BlockTable _table;
    private readonly ChunkCodec _codec;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, LinkedListNode<CachedBlock>> _cache = [];
    private readonly LinkedList<CachedBlock> _newestFirst = new();
    private readonly CancellationTokenSource _stop = new();
    private long _lastBlock = -2;

    internal SnapshotReader(ChunkStore store, SnapshotInfo info, BlockTable table, ChunkCodec codec)
    {
        _store = store;
        Info = info;
        _table = table;
        _codec = codec;
    }

    /// <summary>What is known of the snapshot.</summary>
    public SnapshotInfo Info { get; }

    /// <summary>Number of blocks, zeroes included.</summary>
    public long BlockCount => _table.BlockCount;

    /// <inheritdoc/>
    public long SizeBytes => Info.SizeBytes;

    /// <inheritdoc/>
    public BlockDeviceTraits Traits { get; } = new() { IsReadOnly = true, CanTrim = false, BlockSizePreferred = ChunkStore.BlockBytes };

    internal BlockTable Table => _table;

    internal ChunkCodec Codec => _codec;

    /// <summary>The blocks that are not zeroes from one on, in order (EBS direct's ListSnapshotBlocks).</summary>
    public IEnumerable<long> ListBlocks(long first) => _table.Data(first).Select(e => e.Block);

    /// <summary>
    /// The blocks from one on whose content differs between two snapshots, in order (EBS direct's ListChangedBlocks): known
    /// from the tables alone. Snapshots that are encrypted with different keys have all blocks in common with data
    /// reported.
    /// </summary>
    public static IEnumerable<ChangedBlock> ListChangedBlocks(SnapshotReader first, SnapshotReader second, long firstBlock)
    {
        var count = Math.Max(first.BlockCount, second.BlockCount);
        for (var block = firstBlock; block < count; block++)
        {
            var (a, b) = (first.IdOf(block), second.IdOf(block));
            if (a != b)
                yield return new ChangedBlock(block, !a.IsZero, !b.IsZero);
        }
    }

    /// <summary>Whether a block is zeroes.</summary>
    public bool IsZero(long block) => _table[block].IsZero;

    /// <summary>Reads a whole block.</summary>
    /// <exception cref="BlockDeviceException">It is damaged.</exception>
    public async ValueTask ReadBlockAsync(long block, Memory<byte> destination, CancellationToken ct) =>
        await ReadAsync(block * ChunkStore.BlockBytes, destination[..ChunkStore.BlockLength(SizeBytes, block)], ct);

    /// <inheritdoc/>
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        while (destination.Length > 0)
        {
            var (block, within) = Math.DivRem(offset, ChunkStore.BlockBytes);
            var length = (int)Math.Min(destination.Length, ChunkStore.BlockBytes - within);
            if (_table[block].IsZero)
                destination.Span[..length].Clear();
            else
                (await LoadAsync(block).WaitAsync(ct)).AsSpan((int)within, length).CopyTo(destination.Span);
            ReadAhead(block);
            offset += length;
            destination = destination[length..];
        }
    }

    /// <inheritdoc/>
    public ValueTask PrefetchAsync(long offset, long length, CancellationToken ct)
    {
        // No more than is kept: what is pushed out again was read in vain.
        var first = offset / ChunkStore.BlockBytes;
        var end = Math.Min((offset + length + ChunkStore.BlockBytes - 1) / ChunkStore.BlockBytes, first + CachedBlocksMax / 2);
        for (var block = first; block < end; block++)
            Prefetch(block);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<int> DescribeAsync(long offset, long length, Memory<BlockExtent> extents, CancellationToken ct)
    {
        var count = 0;
        var end = offset + length;
        while (offset < end && count < extents.Length)
        {
            var block = offset / ChunkStore.BlockBytes;
            var isZero = _table[block].IsZero;
            var extentEnd = Math.Min((block + _table.RunLength(block)) * ChunkStore.BlockBytes, SizeBytes);
            extents.Span[count++] = new BlockExtent(extentEnd - offset, isZero, isZero);
            offset = extentEnd;
        }

        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken ct) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) => throw ReadOnly();

    /// <inheritdoc/>
    public ValueTask ResizeAsync(long sizeBytes, CancellationToken ct) => throw ReadOnly();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] loading;
        lock (_lock)
            loading = [.. _newestFirst.Select(c => (Task)c.Content)];
        _stop.Cancel();
        foreach (var task in loading)
            await ObserveAsync(task);
        _stop.Dispose();
    }

    private ChunkId IdOf(long block) => block < BlockCount ? _table[block] : default;

    private void ReadAhead(long block)
    {
        bool isOrderly;
        lock (_lock)
        {
            isOrderly = block == _lastBlock + 1;
            _lastBlock = block;
        }

        if (!isOrderly)
            return;
        for (var next = block + 1; next <= block + ReadAheadBlocks && next < BlockCount; next++)
            Prefetch(next);
    }

    private void Prefetch(long block)
    {
        if (!_table[block].IsZero)
            _ = ObserveAsync(LoadAsync(block));
    }

    /// <summary>A failure of what nobody waits for comes again to whoever does read the block.</summary>
    private static async Task ObserveAsync(Task task)
    {
        await Task.WhenAny(task);
        _ = task.Exception;
    }

    /// <summary>A block's content, from the cache or by one read that all who want it at the same time share.</summary>
    private Task<byte[]> LoadAsync(long block)
    {
        lock (_lock)
        {
            if (_cache.TryGetValue(block, out var node))
            {
                _newestFirst.Remove(node);
                _newestFirst.AddFirst(node);
                return node.Value.Content;
            }

            if (_cache.Count == CachedBlocksMax)
            {
                _cache.Remove(_newestFirst.Last!.Value.Block);
                _newestFirst.RemoveLast();
            }

            var content = ReadChunkAsync(block, _stop.Token);
            _cache[block] = _newestFirst.AddFirst(new CachedBlock(block, content));
            return content;
        }
    }

    private async Task<byte[]> ReadChunkAsync(long block, CancellationToken ct)
    {
        await Task.Yield(); // called under the lock
        var content = new byte[ChunkStore.BlockLength(SizeBytes, block)];
        try
        {
            await _store.ReadChunkAsync(_table[block], _codec, content, mayRefresh: true, ct);
            return content;
        }
        catch (Exception ex)
        {
            Forget(block); // the next reader tries again
            if (ex is OperationCanceledException)
                throw new BlockDeviceException(BlockError.Shutdown, $"snapshot {Info.SnapshotId} was closed", ex);
            throw new BlockDeviceException(BlockError.Io, $"block {block} of snapshot {Info.SnapshotId} cannot be read: {ex.Message}", ex);
        }
    }

    private void Forget(long block)
    {
        lock (_lock)
        {
            if (_cache.Remove(block, out var node))
                _newestFirst.Remove(node);
        }
    }

    private BlockDeviceException ReadOnly() => new(BlockError.ReadOnly, $"snapshot {Info.SnapshotId} can only be read");

    private readonly record struct CachedBlock(long Block, Task<byte[]> Content);
}

namespace Skep.Blocks.Chunks;

/// <summary>
/// Which chunk holds each block of a snapshot. Pages of a thousand blocks that are made when first needed keep empty
/// stretches cheap. Not thread-safe.
/// </summary>
internal sealed class BlockTable(long blockCount)
{
    private const int PageShift = 10;
    private const int PageLength = 1 << PageShift;

    private readonly ChunkId[]?[] _pages = new ChunkId[]?[(blockCount + PageLength - 1) >> PageShift];

    /// <summary>How many blocks there are, zeroes included.</summary>
    public long BlockCount => blockCount;

    /// <summary>How many blocks are not zeroes.</summary>
    public long DataCount { get; private set; }

    /// <summary>The chunk of a block; the default for zeroes.</summary>
    public ChunkId this[long block]
    {
        get => _pages[block >> PageShift] is { } page ? page[block & (PageLength - 1)] : default;
        set
        {
            var page = _pages[block >> PageShift];
            if (page is null)
            {
                if (value.IsZero)
                    return;
                _pages[block >> PageShift] = page = new ChunkId[PageLength];
            }

            ref var entry = ref page[block & (PageLength - 1)];
            DataCount += (value.IsZero ? 0 : 1) - (entry.IsZero ? 0 : 1);
            entry = value;
        }
    }

    /// <summary>The blocks that are not zeroes, in order.</summary>
    public IEnumerable<BlockEntry> Data(long first)
    {
        for (var block = first; block < blockCount;)
        {
            if (_pages[block >> PageShift] is not { } page)
            {
                block = ((block >> PageShift) + 1) << PageShift;
                continue;
            }

            if (page[block & (PageLength - 1)] is { IsZero: false } id)
                yield return new BlockEntry(block, id);
            block++;
        }
    }

    /// <summary>How many blocks from one on are, or are not, zeroes like it.</summary>
    public long RunLength(long first)
    {
        var isZero = this[first].IsZero;
        var block = first + 1;
        while (block < blockCount)
        {
            if (_pages[block >> PageShift] is null)
            {
                if (!isZero)
                    break;
                block = ((block >> PageShift) + 1) << PageShift;
            }
            else if (this[block].IsZero == isZero)
            {
                block++;
            }
            else
            {
                break;
            }
        }

        return Math.Min(block, blockCount) - first;
    }

    /// <summary>Takes over the blocks of another table as far as this one reaches.</summary>
    public void CopyFrom(BlockTable other)
    {
        foreach (var (block, id) in other.Data(0))
        {
            if (block >= blockCount)
                return;
            this[block] = id;
        }
    }
}

/// <summary>A block and the chunk that holds it.</summary>
internal readonly record struct BlockEntry(long Block, ChunkId Id);

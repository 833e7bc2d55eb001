namespace Skep.Blocks.Log;

/// <summary>
/// An ordered map from sectors to places: extents that do not overlap, in sorted chunks of at most
/// <see cref="ChunkItemsMax"/>, neighbours that continue each other joined. Costs about 22 bytes an extent; finding is two
/// binary searches. Not thread-safe.
/// </summary>
internal sealed partial class ExtentMap
{
    internal const int ChunkItemsMax = 256;
    private const int ChunkGrowth = 32;

    private Chunk[] _chunks = new Chunk[4];
    private ulong[] _firsts = new ulong[4];
    private int _chunkCount;

    /// <summary>How many extents there are.</summary>
    public int Count { get; private set; }

    /// <summary>Sectors whose content is stored somewhere.</summary>
    public long DataSectors { get; private set; }

    /// <summary>Memory that the extents take, room for more included.</summary>
    public long MemoryBytes
    {
        get
        {
            const int ExtentBytes = 20;
            const int ChunkBytes = 64;
            long bytes = (long)_chunks.Length * (sizeof(ulong) + sizeof(ulong));
            for (int i = 0; i < _chunkCount; i++)
                bytes += ChunkBytes + (long)_chunks[i].Items.Length * ExtentBytes;
            return bytes;
        }
    }

    /// <summary>Maps a range, whatever was there.</summary>
    /// <param name="extent">The range and its place; of length 0 does nothing.</param>
    /// <param name="displaced">Gets what was there before, in order, if not null.</param>
    public void Set(in Extent extent, List<Extent>? displaced)
    {
        if (extent.Length == 0)
            return;
        Carve(extent.Start, extent.End, displaced);
        Insert(extent);
    }

    /// <summary>Unmaps a range.</summary>
    /// <param name="start">The first sector.</param>
    /// <param name="end">The sector after the last.</param>
    /// <param name="displaced">Gets what was there before, in order, if not null.</param>
    public void Remove(ulong start, ulong end, List<Extent>? displaced)
    {
        if (end > start)
            Carve(start, end, displaced);
    }

    /// <summary>Adds the extents that overlap a range to a list, cut to the range, in order.</summary>
    public void Collect(ulong start, ulong end, List<Extent> result)
    {
        for (var at = Find(start); at.Chunk < _chunkCount; at = Next(at))
        {
            ref readonly var item = ref _chunks[at.Chunk].Items[at.Index];
            if (item.Start >= end)
                return;
            result.Add(item.Clip(start, end));
        }
    }

    /// <summary>The first extent that ends after a sector, whole.</summary>
    public bool TryFind(ulong sector, out Extent extent)
    {
        var at = Find(sector);
        extent = at.Chunk < _chunkCount ? _chunks[at.Chunk].Items[at.Index] : default;
        return at.Chunk < _chunkCount;
    }

    /// <summary>All extents in order; the map must not change meanwhile.</summary>
    public IEnumerable<Extent> All()
    {
        for (int c = 0; c < _chunkCount; c++)
            for (int i = 0; i < _chunks[c].Count; i++)
                yield return _chunks[c].Items[i];
    }

    public void Clear()
    {
        Array.Clear(_chunks, 0, _chunkCount);
        (_chunkCount, Count, DataSectors) = (0, 0, 0);
    }

    /// <summary>The first extent that ends after a sector.</summary>
    private Position Find(ulong sector)
    {
        int c = Array.BinarySearch(_firsts, 0, _chunkCount, sector);
        if (c >= 0)
            return new Position(c, 0);
        c = Math.Max(0, ~c - 1);
        if (c >= _chunkCount)
            return new Position(c, 0);
        var chunk = _chunks[c];
        int low = 0, high = chunk.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (chunk.Items[middle].End > sector)
                high = middle;
            else
                low = middle + 1;
        }
        return low < chunk.Count ? new Position(c, low) : new Position(c + 1, 0);
    }

    private Position Next(Position at) =>
        at.Index + 1 < _chunks[at.Chunk].Count ? at with { Index = at.Index + 1 } : new Position(at.Chunk + 1, 0);

    private bool TryPrevious(Position at, out Position previous)
    {
        previous = at.Index > 0 ? at with { Index = at.Index - 1 }
            : at.Chunk > 0 ? new Position(at.Chunk - 1, _chunks[at.Chunk - 1].Count - 1)
            : default;
        return at.Index > 0 || at.Chunk > 0;
    }

    private readonly record struct Position(int Chunk, int Index);

    private sealed class Chunk(int capacity)
    {
        public Extent[] Items = new Extent[capacity];
        public int Count;
    }
}

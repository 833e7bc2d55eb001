namespace Skep.Blocks.Log;

internal sealed partial class ExtentMap
{
    /// <summary>Empties a range; extents that reach into it are cut.</summary>
    private void Carve(ulong start, ulong end, List<Extent>? displaced)
    {
        var at = Find(start);
        if (at.Chunk >= _chunkCount)
            return;
        ref var first = ref _chunks[at.Chunk].Items[at.Index];
        if (first.Start < start)
        {
            var whole = first;
            Displace(whole.Clip(start, end), displaced);
            first = whole.Slice(whole.Start, start);
            if (whole.End > end)
            {
                InsertAt(new Position(at.Chunk, at.Index + 1), whole.Slice(end, whole.End));
                return;
            }
            at = Next(at);
        }
        while (at.Chunk < _chunkCount)
        {
            var chunk = _chunks[at.Chunk];
            int covered = at.Index;
            for (; covered < chunk.Count && chunk.Items[covered].End <= end; covered++)
                Displace(chunk.Items[covered], displaced);
            bool isLast = covered < chunk.Count;
            if (isLast && chunk.Items[covered].Start < end)
            {
                var whole = chunk.Items[covered];
                Displace(whole.Slice(whole.Start, end), displaced);
                chunk.Items[covered] = whole.Slice(end, whole.End);
                if (covered == 0)
                    _firsts[at.Chunk] = end;
            }
            bool isChunkGone = RemoveRun(at.Chunk, at.Index, covered);
            if (isLast)
                return;
            at = new Position(isChunkGone ? at.Chunk : at.Chunk + 1, 0);
        }
    }

    private void Displace(in Extent extent, List<Extent>? displaced)
    {
        if (extent.IsData)
            DataSectors -= extent.Length;
        displaced?.Add(extent);
    }

    /// <summary>Adds an extent to a range that is empty, joining it with its neighbours.</summary>
    private void Insert(Extent extent)
    {
        if (extent.IsData)
            DataSectors += extent.Length;
        var at = Find(extent.Start);
        if (at.Chunk < _chunkCount && extent.IsFollowedBy(_chunks[at.Chunk].Items[at.Index]))
        {
            extent = extent with { Length = extent.Length + _chunks[at.Chunk].Items[at.Index].Length };
            if (TryPrevious(at, out var before) && _chunks[before.Chunk].Items[before.Index].IsFollowedBy(extent))
            {
                ref var joined = ref _chunks[before.Chunk].Items[before.Index];
                joined = joined with { Length = joined.Length + extent.Length };
                RemoveRun(at.Chunk, at.Index, at.Index + 1);
                return;
            }
            _chunks[at.Chunk].Items[at.Index] = extent;
            if (at.Index == 0)
                _firsts[at.Chunk] = extent.Start;
            return;
        }
        if (TryPrevious(at, out var previous))
        {
            ref var item = ref _chunks[previous.Chunk].Items[previous.Index];
            if (item.IsFollowedBy(extent))
            {
                item = item with { Length = item.Length + extent.Length };
                return;
            }
            // Appending to the chunk before keeps sequential writes from splitting chunks in halves.
            if (at.Index == 0)
                at = new Position(previous.Chunk, previous.Index + 1);
        }
        InsertAt(at, extent);
    }

    private void InsertAt(Position at, in Extent extent)
    {
        if (_chunkCount == 0)
            AddChunk(0, new Chunk(ChunkGrowth));
        var chunk = _chunks[at.Chunk];
        if (chunk.Count == ChunkItemsMax)
        {
            at = Split(at);
            chunk = _chunks[at.Chunk];
        }
        if (chunk.Count == chunk.Items.Length)
            Array.Resize(ref chunk.Items, Math.Min(ChunkItemsMax, chunk.Count + ChunkGrowth));
        Array.Copy(chunk.Items, at.Index, chunk.Items, at.Index + 1, chunk.Count - at.Index);
        chunk.Items[at.Index] = extent;
        chunk.Count++;
        Count++;
        if (at.Index == 0)
            _firsts[at.Chunk] = extent.Start;
    }

    /// <summary>Makes room in a full chunk: at the end a fresh one, elsewhere two halves.</summary>
    private Position Split(Position at)
    {
        var chunk = _chunks[at.Chunk];
        int kept = at.Index == chunk.Count ? chunk.Count : chunk.Count / 2;
        int moved = chunk.Count - kept;
        var right = new Chunk(moved + ChunkGrowth) { Count = moved };
        Array.Copy(chunk.Items, kept, right.Items, 0, moved);
        chunk.Count = kept;
        if (moved > 0)
            Array.Resize(ref chunk.Items, kept + ChunkGrowth);
        AddChunk(at.Chunk + 1, right);
        return at.Index > kept || moved == 0 ? new Position(at.Chunk + 1, at.Index - kept) : at;
    }

    private void AddChunk(int index, Chunk chunk)
    {
        if (_chunkCount == _chunks.Length)
        {
            Array.Resize(ref _chunks, _chunkCount * 2);
            Array.Resize(ref _firsts, _chunkCount * 2);
        }
        Array.Copy(_chunks, index, _chunks, index + 1, _chunkCount - index);
        Array.Copy(_firsts, index, _firsts, index + 1, _chunkCount - index);
        _chunks[index] = chunk;
        _firsts[index] = chunk.Items[0].Start;
        _chunkCount++;
    }

    /// <summary>Removes extents of one chunk.</summary>
    /// <returns>Whether the chunk went with them.</returns>
    private bool RemoveRun(int index, int from, int to)
    {
        if (from == to)
            return false;
        var chunk = _chunks[index];
        Count -= to - from;
        Array.Copy(chunk.Items, to, chunk.Items, from, chunk.Count - to);
        chunk.Count -= to - from;
        if (chunk.Count > 0)
        {
            if (from == 0)
                _firsts[index] = chunk.Items[0].Start;
            return TryJoin(index);
        }
        DropChunk(index);
        return true;
    }

    /// <summary>Moves the little that is left in a chunk to the one before, so that many removals leave no crumbs.</summary>
    private bool TryJoin(int index)
    {
        var chunk = _chunks[index];
        if (index == 0 || chunk.Count > ChunkItemsMax / 8)
            return false;
        var before = _chunks[index - 1];
        if (before.Count + chunk.Count > ChunkItemsMax * 3 / 4)
            return false;
        if (before.Items.Length < before.Count + chunk.Count)
            Array.Resize(ref before.Items, Math.Min(ChunkItemsMax, before.Count + chunk.Count + ChunkGrowth));
        Array.Copy(chunk.Items, 0, before.Items, before.Count, chunk.Count);
        before.Count += chunk.Count;
        DropChunk(index);
        return true;
    }

    private void DropChunk(int index)
    {
        _chunkCount--;
        Array.Copy(_chunks, index + 1, _chunks, index, _chunkCount - index);
        Array.Copy(_firsts, index + 1, _firsts, index, _chunkCount - index);
        _chunks[_chunkCount] = null!;
    }
}

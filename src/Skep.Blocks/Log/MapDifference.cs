namespace Skep.Blocks.Log;

/// <summary>Compares the maps of two states of one volume.</summary>
internal static class MapDifference
{
    /// <summary>Ranges whose content may differ, in order, joined.</summary>
    public static List<LogRange> Between(VolumeState from, VolumeState to)
    {
        List<LogRange> ranges = [];
        List<Extent> below = [];
        ulong at = 0, end = (ulong)Math.Max(from.SizeBytes, to.SizeBytes) / Extent.SectorBytes;
        foreach (var extent in to.Map.All())
        {
            CompareHole(at, extent.Start);
            Compare(extent);
            at = extent.End;
        }
        CompareHole(at, end);
        return ranges;

        // What reads as nothing now has changed where there was something.
        void CompareHole(ulong start, ulong stop)
        {
            below.Clear();
            if (start < stop)
                from.Map.Collect(start, stop, below);
            foreach (var old in below)
                if (old.Source != Extent.Hole)
                    Add(old.Start, old.End);
        }

        void Compare(in Extent extent)
        {
            // Content that was in the volume by the older state, and is there still, was there then: a copy is no change.
            if (extent.IsData && from.Number > 0 && to.Objects[extent.Source].Birth <= from.Number)
                return;
            below.Clear();
            from.Map.Collect(extent.Start, extent.End, below);
            ulong done = extent.Start;
            foreach (var old in below)
            {
                Add(done, old.Start);
                bool isSame = extent.IsSamePlace(old, old.Start) || (!extent.IsData && !old.IsData);
                if (!isSame)
                    Add(old.Start, old.End);
                done = old.End;
            }
            if (extent.Source != Extent.Hole)
                Add(done, extent.End);
        }

        void Add(ulong start, ulong stop)
        {
            if (start >= stop)
                return;
            long offset = (long)start * Extent.SectorBytes, length = (long)(stop - start) * Extent.SectorBytes;
            if (ranges.Count > 0 && ranges[^1].Offset + ranges[^1].LengthBytes == offset)
                ranges[^1] = ranges[^1] with { LengthBytes = ranges[^1].LengthBytes + length };
            else
                ranges.Add(new LogRange(offset, length));
        }
    }
}

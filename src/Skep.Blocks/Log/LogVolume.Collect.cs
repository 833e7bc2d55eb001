namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>An object is small below this part of the wanted size.</summary>
    private const int SmallPart = 4;

    /// <summary>So many small objects are put together.</summary>
    private const int SmallObjectsMin = 32;

    /// <summary>Objects that one compaction reads at most.</summary>
    private const int SourcesMax = 256;

    /// <summary>Compactions in one pass: a limit, not a goal.</summary>
    private const int CompactionsMax = 4096;

    private long _objectsCollected;

    /// <summary>Copies what is live of objects that are mostly dead to new ones, the emptiest first.</summary>
    private async Task CompactAsync(CancellationToken ct)
    {
        for (int i = 0; i < CompactionsMax; i++)
        {
            List<ObjectEntry> sources;
            lock (_gate)
            {
                ThrowIfStopped();
                sources = ChooseSources();
            }
            if (sources.Count == 0)
                return;
            long start = Time.GetTimestamp();
            long bytes = await CompactAsync(sources, ct);
            Interlocked.Add(ref _objectsCollected, sources.Count);
            var due = TimeSpan.FromSeconds(bytes / (double)_settings.CollectBytesPerSecond) - Time.GetElapsedTime(start);
            if (due >= ThrottleDelayMin)
                await Task.Delay(due, Time, ct);
        }
    }

    /// <summary>Objects to compact into one; none when it is not worth it. Under the lock.</summary>
    private List<ObjectEntry> ChooseSources()
    {
        // What a snapshot needs stays however little of it is live: copying it would only cost room.
        ulong newest = _state.Snapshots.Count > 0 ? _state.Snapshots[^1].RecordNumber : 0;
        var candidates = _state.Objects.Values.Where(o => o is { Origin: 0, DroppedAt: 0 } && o.CreatedAt > newest).ToList();
        long live = candidates.Sum(o => (long)o.LiveSectors), total = candidates.Sum(o => (long)o.Sectors);
        long wanted = _state.ObjectBytes / Extent.SectorBytes;
        var small = candidates.Where(o => o.Sectors < wanted / SmallPart).ToList();
        bool isWasteful = total > 0 && live < total * _settings.CollectBelowLive;
        if (isWasteful)
            candidates.RemoveAll(o => o.LiveSectors >= o.Sectors * _settings.CollectBelowLive);
        else if (small.Count >= SmallObjectsMin)
            candidates = small;
        else
            return [];
        // Content from before a snapshot is not mixed with content from after it: see ObjectEntry.Birth.
        var first = candidates.MinBy(o => o.LiveSectors / (double)o.Sectors);
        if (first is null)
            return [];
        int side = Side(first);
        List<ObjectEntry> chosen = [];
        long sum = 0;
        foreach (var entry in candidates.Where(o => Side(o) == side).OrderBy(o => o.LiveSectors / (double)o.Sectors).ThenBy(o => o.Id))
        {
            if (chosen.Count == SourcesMax || (sum > 0 && sum + entry.LiveSectors > wanted))
                break;
            chosen.Add(entry);
            sum += entry.LiveSectors;
        }
        return chosen;

        int Side(ObjectEntry entry) => _state.Snapshots.FindIndex(s => entry.Birth <= s.RecordNumber);
    }

    /// <summary>Copies the live content of some objects to a new one, which takes effect only where nothing was written since.</summary>
    /// <returns>Bytes copied.</returns>
    private async Task<long> CompactAsync(List<ObjectEntry> sources, CancellationToken ct)
    {
        var builder = RentBuilder();
        try
        {
            BeginObject(builder, headerBytes: 0);
            foreach (var entry in sources)
            {
                SourceObject source;
                lock (_gate)
                    source = SourceOf(_state, entry.Id);
                try
                {
                    await CopyLiveAsync(builder, entry, source, ct);
                }
                catch (ObjectGoneException ex)
                {
                    throw new BlockDeviceException(BlockError.Io, $"volume {Name}: {ex.Message}, and the volume needs it", ex);
                }
            }
            long bytes = builder.ContentBytes;
            if (bytes > 0)
                await AddObjectAsync(builder, sources.Max(o => o.Birth), ct);
            return bytes;
        }
        finally
        {
            ReturnBuilder(builder);
        }
    }

    private async Task CopyLiveAsync(DataObjectBuilder builder, ObjectEntry entry, SourceObject source, CancellationToken ct)
    {
        var header = await _blocks.ReadHeaderAsync(source, ct);
        List<Extent> live = [];
        lock (_gate)
        {
            foreach (var extent in header.Extents)
                _state.Map.Collect(extent.Start, extent.End, live);
            live.RemoveAll(e => e.Source != entry.Id);
        }
        // Extents of one object may overlap in what they were for; each live place is copied once, in the object's order.
        live.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Start.CompareTo(b.Start));
        ulong done = 0;
        foreach (var extent in live)
        {
            if (extent.Offset < done)
                continue;
            done = extent.Offset + (ulong)extent.Length;
            builder.AddExtent(new PlacedExtent(extent.Start, extent.Length, entry.Id, extent.Offset));
            uint at = extent.Offset;
            for (int left = (int)extent.Length * Extent.SectorBytes; left > 0;)
            {
                var space = builder.GetSpace(left);
                await _blocks.PrefetchRunAsync(source, at, entry.Sectors, ct);
                await _blocks.ReadAsync(source, at, space, ct);
                builder.Advance(space.Length);
                at += (uint)(space.Length / Extent.SectorBytes);
                left -= space.Length;
            }
        }
    }
}

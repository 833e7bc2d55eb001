namespace Skep.Blocks.Log;

internal sealed partial class VolumeState
{
    private readonly List<Extent> _displaced = [];
    private readonly List<Extent> _found = [];
    private readonly List<ObjectEntry> _added = [];

    /// <summary>Applies the next record.</summary>
    /// <exception cref="LogFormatException">It does not continue the log, or contradicts it.</exception>
    public void Apply(ManifestRecord record, string what)
    {
        bool isClaim = record.Changes is [VolumeClaimed, ..] or [VolumeCreated, ..];
        if (record.Number != Number + 1 || record.PreviousNonce != Nonce || record.Epoch != Epoch + (isClaim ? 1u : 0u))
            throw new LogFormatException(LogFormatError.Damaged, $"{what} does not continue the log: it is record {record.Number} of epoch {record.Epoch} after {record.PreviousNonce}, expected record {Number + 1} of epoch {Epoch} after {Nonce}");
        (Number, Nonce, Epoch) = (record.Number, record.Nonce, record.Epoch);
        _added.Clear();
        foreach (var change in record.Changes)
            Apply(change, what);
        foreach (var entry in _added)
            if (entry.LiveSectors == 0)
                Drop(entry);
    }

    private void Apply(ManifestChange change, string what)
    {
        switch (change)
        {
            case VolumeCreated c:
                (SizeBytes, ObjectBytes, Compression, HasBase) = (c.SizeBytes, c.ObjectBytes, c.Compression, c.HasBase);
                break;
            case VolumeClaimed c:
                (WalId, Fence) = (c.WalId, c.Fence);
                SetDrained(c.WalId, Drained.GetValueOrDefault(c.WalId));
                break;
            case ObjectAdded c:
                Add(c, what);
                break;
            case RangesCleared c:
                foreach (var range in c.Ranges)
                    ClearRange(range);
                break;
            case LogDrained c:
                SetDrained(c.WalId, c.Sequence);
                break;
            case ObjectsPurged c:
                foreach (uint id in c.Ids)
                    if (Objects.Remove(id))
                        Dropped.Remove(id);
                break;
            case CheckpointTaken c:
                if (Checkpoint is null || c.CheckpointNumber > Checkpoint.CheckpointNumber)
                    (PreviousCheckpoint, Checkpoint) = (Checkpoint, c);
                break;
            case SnapshotCreated c:
                Snapshots.Add(new SnapshotEntry(c.Id, Number, SizeBytes, c.CreatedUnixMs, IsSaved: false));
                break;
            case SnapshotSaved c:
                int at = Snapshots.FindIndex(s => s.Id == c.Id);
                if (at >= 0)
                    Snapshots[at] = Snapshots[at] with { IsSaved = true };
                break;
            case SnapshotDeleted c:
                Snapshots.RemoveAll(s => s.Id == c.Id);
                break;
            case CloneRegistered c:
                Clones[c.Volume] = c;
                break;
            case CloneRemoved c:
                Clones.Remove(c.Volume);
                break;
            case LogTrimmed c:
                Fence = c.Fence;
                break;
            case VolumeResized c:
                SizeBytes = c.SizeBytes;
                break;
            case KeyWrapped c:
                Key = c;
                break;
            case BaseDropped:
                HasBase = false;
                DropHoles();
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"no effect for {change.GetType().Name}");
        }
    }

    private void SetDrained(Guid walId, ulong sequence)
    {
        Drained.Remove(walId);
        Drained.Add(walId, sequence);
        if (Drained.Count > LogsMax)
            Drained.RemoveAt(0);
    }

    private void Add(ObjectAdded added, string what)
    {
        ulong sectors = 0;
        foreach (var extent in added.Extents)
            sectors += extent.Length;
        if (sectors != added.Sectors || added.Id is 0 or >= Extent.SourceMax || Objects.ContainsKey(added.Id))
            throw new LogFormatException(LogFormatError.Damaged, $"{what} adds object {added.Id} of {added.Sectors} sectors with extents of {sectors}");
        var entry = new ObjectEntry
        {
            Id = added.Id,
            Epoch = Epoch,
            Origin = 0,
            Sectors = added.Sectors,
            HeaderBytes = added.HeaderBytes,
            StoredBytes = added.StoredBytes,
            CreatedAt = Number,
            Birth = added.Birth == 0 ? Number : added.Birth,
        };
        Objects.Add(added.Id, entry);
        _added.Add(entry);
        NextObject = Math.Max(NextObject, added.Id + 1);
        uint offset = 0;
        foreach (var extent in added.Extents)
        {
            if (extent.Condition == PlacedExtent.Unconditional)
                Set(new Extent(extent.Start, extent.Length, added.Id, offset));
            else
                SetWhere(extent, added.Id, offset);
            offset += extent.Length;
        }
    }

    /// <summary>Maps the parts of an extent that still are what the condition says.</summary>
    private void SetWhere(in PlacedExtent extent, uint id, uint offset)
    {
        _found.Clear();
        Map.Collect(extent.Start, extent.End, _found);
        ulong at = extent.Start;
        foreach (var found in _found.ToArray())
        {
            if (extent.Condition == PlacedExtent.Vacant)
            {
                if (found.Start > at)
                    Set(Place(extent, id, offset, at, found.Start));
            }
            else if (found.Source == extent.Condition && found.Offset == extent.ConditionOffset + (uint)(found.Start - extent.Start))
            {
                Set(Place(extent, id, offset, found.Start, found.End));
            }
            at = found.End;
        }
        if (extent.Condition == PlacedExtent.Vacant && at < extent.End)
            Set(Place(extent, id, offset, at, extent.End));
    }

    private static Extent Place(in PlacedExtent extent, uint id, uint offset, ulong start, ulong end) =>
        new(start, (uint)(end - start), id, offset + (uint)(start - extent.Start));

    private void ClearRange(in ClearedRange range)
    {
        ulong end = range.Start + range.Length;
        // Over a base a hole must be remembered; without one it is simply nothing.
        if (!range.IsAllocated && !HasBase)
        {
            _displaced.Clear();
            Map.Remove(range.Start, end, _displaced);
            CountDisplaced();
            return;
        }
        for (ulong at = range.Start; at < end;)
        {
            ulong next = Math.Min(end, at + Extent.LengthMax);
            Set(new Extent(at, (uint)(next - at), range.IsAllocated ? Extent.Zero : Extent.Hole, 0));
            at = next;
        }
    }

    private void Set(in Extent extent)
    {
        _displaced.Clear();
        Map.Set(extent, _displaced);
        if (extent.IsData)
            Objects[extent.Source].LiveSectors += extent.Length;
        CountDisplaced();
    }

    private void CountDisplaced()
    {
        foreach (var gone in _displaced)
        {
            if (!gone.IsData)
                continue;
            var entry = Objects[gone.Source];
            entry.LiveSectors -= gone.Length;
            // What this record adds is looked at when all of the record took effect.
            if (entry.LiveSectors == 0 && entry.CreatedAt != Number)
                Drop(entry);
        }
    }

    private void Drop(ObjectEntry entry)
    {
        entry.DroppedAt = Number;
        Dropped.Add(entry.Id);
    }

    private void DropHoles()
    {
        foreach (var hole in Map.All().Where(e => e.Source == Extent.Hole).ToArray())
            Map.Remove(hole.Start, hole.End, displaced: null);
    }
}

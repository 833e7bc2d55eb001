namespace Skep.Blocks.Log;

/// <summary>Writes and reads records of the manifest log (docs/block-format.md, "Manifest log").</summary>
internal static class ManifestCodec
{
    private enum Tag : byte
    {
        Created = 1,
        Claimed = 2,
        ObjectAdded = 3,
        RangesCleared = 4,
        LogDrained = 5,
        ObjectsPurged = 6,
        CheckpointTaken = 7,
        SnapshotCreated = 8,
        SnapshotSaved = 9,
        SnapshotDeleted = 10,
        CloneRegistered = 11,
        CloneRemoved = 12,
        Resized = 13,
        KeyWrapped = 14,
        BaseDropped = 15,
        LogTrimmed = 16,
    }

    public static ReadOnlyMemory<byte> Write(ManifestRecord record, Guid volumeId)
    {
        var writer = Envelope.Begin();
        writer.Id(record.Nonce);
        writer.Id(record.PreviousNonce);
        writer.U64(record.Number);
        writer.U32(record.Epoch);
        writer.Varint((ulong)record.Changes.Count);
        var body = new ByteWriter();
        foreach (var change in record.Changes)
        {
            body.Clear();
            writer.U8((byte)WriteChange(body, change));
            writer.Blob(body.WrittenSpan);
        }
        return Envelope.Seal(writer, Envelope.Record, volumeId);
    }

    /// <exception cref="LogFormatException">It is no record, newer, damaged, or of another volume.</exception>
    public static ManifestRecord Read(ReadOnlySpan<byte> data, string what, Guid volumeId)
    {
        var reader = new ByteReader(Envelope.Open(data, Envelope.Record, what, volumeId), what);
        var nonce = reader.Id();
        var previous = reader.Id();
        ulong number = reader.U64();
        uint epoch = reader.U32();
        var changes = new ManifestChange[reader.Count(2)];
        for (int i = 0; i < changes.Length; i++)
        {
            byte tag = reader.U8();
            var body = new ByteReader(reader.Take(reader.Count(1)), what);
            changes[i] = ReadChange((Tag)tag, ref body, what);
            body.End();
        }
        reader.End();
        return new ManifestRecord(number, epoch, nonce, previous, changes);
    }

    private static Tag WriteChange(ByteWriter to, ManifestChange change)
    {
        switch (change)
        {
            case VolumeCreated c:
                to.U64((ulong)c.SizeBytes);
                to.U32((uint)c.ObjectBytes);
                to.U8((byte)c.Compression);
                to.U8(c.HasBase ? (byte)1 : (byte)0);
                to.U8(c.IsClone ? (byte)1 : (byte)0);
                return Tag.Created;
            case VolumeClaimed c:
                to.Id(c.WalId);
                to.U64(c.Fence);
                return Tag.Claimed;
            case LogTrimmed c:
                to.U64(c.Fence);
                return Tag.LogTrimmed;
            case ObjectAdded c:
                WriteObject(to, c);
                return Tag.ObjectAdded;
            case RangesCleared c:
                to.Varint((ulong)c.Ranges.Count);
                foreach (var range in c.Ranges)
                {
                    to.Varint(range.Start);
                    to.Varint(range.Length << 1 | (range.IsAllocated ? 1ul : 0));
                }
                return Tag.RangesCleared;
            case LogDrained c:
                to.Id(c.WalId);
                to.U64(c.Sequence);
                return Tag.LogDrained;
            case ObjectsPurged c:
                to.Varint((ulong)c.Ids.Count);
                foreach (uint id in c.Ids)
                    to.U32(id);
                return Tag.ObjectsPurged;
            case CheckpointTaken c:
                to.U64(c.CheckpointNumber);
                to.Id(c.Nonce);
                return Tag.CheckpointTaken;
            case SnapshotCreated c:
                to.Text(c.Id);
                to.U64((ulong)c.CreatedUnixMs);
                return Tag.SnapshotCreated;
            case SnapshotSaved c:
                to.Text(c.Id);
                return Tag.SnapshotSaved;
            case SnapshotDeleted c:
                to.Text(c.Id);
                return Tag.SnapshotDeleted;
            case CloneRegistered c:
                to.Text(c.Volume);
                to.Id(c.VolumeId);
                to.Text(c.SnapshotId);
                return Tag.CloneRegistered;
            case CloneRemoved c:
                to.Text(c.Volume);
                return Tag.CloneRemoved;
            case VolumeResized c:
                to.U64((ulong)c.SizeBytes);
                return Tag.Resized;
            case KeyWrapped c:
                to.Text(c.KeyId);
                to.Blob(c.Wrapped);
                return Tag.KeyWrapped;
            case BaseDropped:
                return Tag.BaseDropped;
            default:
                throw new System.Diagnostics.UnreachableException($"no code for {change.GetType().Name}");
        }
    }

    private static ManifestChange ReadChange(Tag tag, ref ByteReader from, string what) => tag switch
    {
        Tag.Created => new VolumeCreated((long)from.U64(), (int)from.U32(), (LogCompression)from.U8(), from.U8() != 0, from.U8() != 0),
        Tag.Claimed => new VolumeClaimed(from.Id(), from.U64()),
        Tag.LogTrimmed => new LogTrimmed(from.U64()),
        Tag.ObjectAdded => ReadObject(ref from),
        Tag.RangesCleared => ReadRanges(ref from),
        Tag.LogDrained => new LogDrained(from.Id(), from.U64()),
        Tag.ObjectsPurged => ReadPurged(ref from),
        Tag.CheckpointTaken => new CheckpointTaken(from.U64(), from.Id()),
        Tag.SnapshotCreated => new SnapshotCreated(from.Text(), (long)from.U64()),
        Tag.SnapshotSaved => new SnapshotSaved(from.Text()),
        Tag.SnapshotDeleted => new SnapshotDeleted(from.Text()),
        Tag.CloneRegistered => new CloneRegistered(from.Text(), from.Id(), from.Text()),
        Tag.CloneRemoved => new CloneRemoved(from.Text()),
        Tag.Resized => new VolumeResized((long)from.U64()),
        Tag.KeyWrapped => new KeyWrapped(from.Text(), from.Blob()),
        Tag.BaseDropped => new BaseDropped(),
        _ => throw new LogFormatException(LogFormatError.Newer, $"{what} has a change of kind {(byte)tag}, which this program does not know"),
    };

    private static void WriteObject(ByteWriter to, ObjectAdded added)
    {
        to.U32(added.Id);
        to.U32(added.Sectors);
        to.U32(added.HeaderBytes);
        to.U32(added.StoredBytes);
        to.U64(added.Birth);
        WriteExtents(to, added.Extents);
    }

    private static ObjectAdded ReadObject(ref ByteReader from) =>
        new(from.U32(), from.U32(), from.U32(), from.U32(), from.U64(), ReadExtents(ref from));

    /// <summary>Starts are written as distances from the end before, for the extents are mostly in order.</summary>
    public static void WriteExtents(ByteWriter to, IReadOnlyList<PlacedExtent> extents)
    {
        to.Varint((ulong)extents.Count);
        ulong before = 0;
        foreach (var extent in extents)
        {
            to.Varint(ZigZag((long)(extent.Start - before)));
            to.Varint((ulong)extent.Length << 1 | (extent.Condition == PlacedExtent.Unconditional ? 0ul : 1));
            if (extent.Condition != PlacedExtent.Unconditional)
            {
                to.U32(extent.Condition);
                to.Varint(extent.ConditionOffset);
            }
            before = extent.End;
        }
    }

    public static PlacedExtent[] ReadExtents(ref ByteReader from)
    {
        var extents = new PlacedExtent[from.Count(2)];
        ulong before = 0;
        for (int i = 0; i < extents.Length; i++)
        {
            ulong start = before + (ulong)UnZigZag(from.Varint());
            ulong length = from.Varint();
            if (length >> 1 is 0 or > Extent.LengthMax || start > ulong.MaxValue / 2)
                throw from.Damaged($"extent {i} has start {start} and length {length >> 1}");
            bool isConditional = (length & 1) != 0;
            extents[i] = new PlacedExtent(start, (uint)(length >> 1), isConditional ? from.U32() : 0, isConditional ? from.Varint32() : 0);
            before = extents[i].End;
        }
        return extents;
    }

    private static RangesCleared ReadRanges(ref ByteReader from)
    {
        var ranges = new ClearedRange[from.Count(2)];
        for (int i = 0; i < ranges.Length; i++)
        {
            ulong start = from.Varint();
            ulong length = from.Varint();
            if (length >> 1 == 0 || start > ulong.MaxValue / 4 || length >> 1 > ulong.MaxValue / 4)
                throw from.Damaged($"range {i} has start {start} and length {length >> 1}");
            ranges[i] = new ClearedRange(start, length >> 1, (length & 1) != 0);
        }
        return new RangesCleared(ranges);
    }

    private static ObjectsPurged ReadPurged(ref ByteReader from)
    {
        uint[] ids = new uint[from.Count(4)];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = from.U32();
        return new ObjectsPurged(ids);
    }

    private static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    private static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}

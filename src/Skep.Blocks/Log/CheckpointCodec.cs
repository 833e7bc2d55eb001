namespace Skep.Blocks.Log;

/// <summary>Writes and reads a volume's whole state (docs/block-format.md, "Checkpoint").</summary>
internal static class CheckpointCodec
{
    public static ReadOnlyMemory<byte> Write(VolumeState state)
    {
        var to = Envelope.Begin(4096 + state.Map.Count * 10 + state.Objects.Count * 48);
        to.U64(state.Number);
        to.Id(state.Nonce);
        to.U32(state.Epoch);
        to.U64(state.Fence);
        to.Id(state.WalId);
        to.U64((ulong)state.SizeBytes);
        to.U32((uint)state.ObjectBytes);
        to.U8((byte)state.Compression);
        to.U8((byte)((state.HasBase ? 1 : 0) | (state.Key is null ? 0 : 2) | (state.Checkpoint is null ? 0 : 4) | (state.PreviousCheckpoint is null ? 0 : 8)));
        to.U32(state.NextObject);
        if (state.Key is { } key)
        {
            to.Text(key.KeyId);
            to.Blob(key.Wrapped);
        }
        foreach (var checkpoint in new[] { state.Checkpoint, state.PreviousCheckpoint })
        {
            if (checkpoint is null)
                continue;
            to.U64(checkpoint.CheckpointNumber);
            to.Id(checkpoint.Nonce);
        }
        to.Varint((ulong)state.Drained.Count);
        foreach (var (walId, sequence) in state.Drained)
        {
            to.Id(walId);
            to.U64(sequence);
        }
        to.Varint((ulong)state.Origins.Count);
        foreach (var origin in state.Origins)
        {
            to.Text(origin.Volume);
            to.Id(origin.VolumeId);
        }
        to.Varint((ulong)state.Snapshots.Count);
        foreach (var snapshot in state.Snapshots)
        {
            to.Text(snapshot.Id);
            to.U64(snapshot.RecordNumber);
            to.U64((ulong)snapshot.SizeBytes);
            to.U64((ulong)snapshot.CreatedUnixMs);
            to.U8(snapshot.IsSaved ? (byte)1 : (byte)0);
        }
        to.Varint((ulong)state.Clones.Count);
        foreach (var clone in state.Clones.Values)
        {
            to.Text(clone.Volume);
            to.Id(clone.VolumeId);
            to.Text(clone.SnapshotId);
        }
        WriteObjects(to, state);
        WriteMap(to, state.Map);
        return Envelope.Seal(to, Envelope.Checkpoint, state.VolumeId);
    }

    /// <exception cref="LogFormatException">It is no checkpoint, newer, damaged, or of another volume.</exception>
    public static VolumeState Read(ReadOnlySpan<byte> data, string what, string volume, Guid volumeId)
    {
        var from = new ByteReader(Envelope.Open(data, Envelope.Checkpoint, what, volumeId), what);
        var state = new VolumeState(volume, volumeId)
        {
            Number = from.U64(),
            Nonce = from.Id(),
            Epoch = from.U32(),
            Fence = from.U64(),
            WalId = from.Id(),
            SizeBytes = (long)from.U64(),
            ObjectBytes = (int)from.U32(),
            Compression = (LogCompression)from.U8(),
        };
        byte flags = from.U8();
        state.HasBase = (flags & 1) != 0;
        state.NextObject = from.U32();
        if ((flags & 2) != 0)
            state.Key = new KeyWrapped(from.Text(), from.Blob());
        if ((flags & 4) != 0)
            state.Checkpoint = new CheckpointTaken(from.U64(), from.Id());
        if ((flags & 8) != 0)
            state.PreviousCheckpoint = new CheckpointTaken(from.U64(), from.Id());
        for (int i = from.Count(24); i > 0; i--)
            state.Drained[from.Id()] = from.U64();
        int origins = from.Count(17);
        for (int i = 0; i < origins; i++)
        {
            var origin = new ObjectOrigin(from.Text(), from.Id());
            if (i > 0)
                state.Origins.Add(origin);
        }
        for (int i = from.Count(26); i > 0; i--)
            state.Snapshots.Add(new SnapshotEntry(from.Text(), from.U64(), (long)from.U64(), (long)from.U64(), from.U8() != 0));
        for (int i = from.Count(18); i > 0; i--)
        {
            var clone = new CloneRegistered(from.Text(), from.Id(), from.Text());
            state.Clones[clone.Volume] = clone;
        }
        ReadObjects(ref from, state);
        ReadMap(ref from, state);
        from.End();
        return state;
    }

    private static void WriteObjects(ByteWriter to, VolumeState state)
    {
        to.Varint((ulong)state.Objects.Count);
        foreach (var entry in state.Objects.Values)
        {
            to.U32(entry.Id);
            to.Varint(entry.Epoch);
            to.Varint((ulong)entry.Origin);
            to.Varint(entry.Sectors);
            to.Varint(entry.HeaderBytes);
            to.Varint(entry.StoredBytes);
            to.Varint(entry.CreatedAt);
            to.Varint(entry.Birth);
            to.Varint(entry.DroppedAt);
        }
    }

    private static void ReadObjects(ref ByteReader from, VolumeState state)
    {
        for (int i = from.Count(12); i > 0; i--)
        {
            var entry = new ObjectEntry
            {
                Id = from.U32(),
                Epoch = from.Varint32(),
                Origin = (int)from.Varint32(),
                Sectors = from.Varint32(),
                HeaderBytes = from.Varint32(),
                StoredBytes = from.Varint32(),
                CreatedAt = from.Varint(),
                Birth = from.Varint(),
                DroppedAt = from.Varint(),
            };
            if ((uint)entry.Origin >= state.Origins.Count || entry.Id is 0 or >= Extent.SourceMax || !state.Objects.TryAdd(entry.Id, entry))
                throw from.Damaged($"object {entry.Id} of origin {entry.Origin} is impossible or there twice");
            if (entry.DroppedAt > 0)
                state.Dropped.Add(entry.Id);
        }
    }

    private static void WriteMap(ByteWriter to, ExtentMap map)
    {
        to.Varint((ulong)map.Count);
        ulong before = 0;
        foreach (var extent in map.All())
        {
            to.Varint(extent.Start - before);
            to.Varint(extent.Length);
            to.U32(extent.Source);
            to.Varint(extent.Offset);
            before = extent.End;
        }
    }

    private static void ReadMap(ref ByteReader from, VolumeState state)
    {
        ulong before = 0;
        for (int i = from.Count(7); i > 0; i--)
        {
            ulong start = before + from.Varint();
            var extent = new Extent(start, from.Varint32(), from.U32(), from.Varint32());
            if (start > ulong.MaxValue / 2 || extent.Length is 0 or > Extent.LengthMax)
                throw from.Damaged($"an extent has start {start} and length {extent.Length}");
            if (extent.IsData)
            {
                if (!state.Objects.TryGetValue(extent.Source, out var entry) || extent.Offset + (ulong)extent.Length > entry.Sectors)
                    throw from.Damaged($"sector {start} is in object {extent.Source} at {extent.Offset}, which does not exist or is shorter");
                entry.LiveSectors += extent.Length;
            }
            state.Map.Set(extent, displaced: null);
            before = extent.End;
        }
    }
}

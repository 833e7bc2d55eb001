namespace Skep.Blocks.Log;

/// <summary>A record of the manifest log: changes that take effect together.</summary>
/// <param name="Number">Its place in the log, from 1, without gaps.</param>
/// <param name="Epoch">The opening that wrote it.</param>
/// <param name="Nonce">Random, so that a writer knows its own record when it meets it.</param>
/// <param name="PreviousNonce">The nonce of the record before.</param>
/// <param name="Changes">What it changes, in order.</param>
internal sealed record ManifestRecord(ulong Number, uint Epoch, Guid Nonce, Guid PreviousNonce, IReadOnlyList<ManifestChange> Changes);

/// <summary>One change of a volume's state.</summary>
internal abstract record ManifestChange;

/// <summary>The volume was made. Always the first change of record 1.</summary>
/// <param name="SizeBytes">Its size.</param>
/// <param name="ObjectBytes">About how many bytes of data its objects have.</param>
/// <param name="Compression">How they are compressed.</param>
/// <param name="HasBase">Whether unwritten ranges read from a base.</param>
/// <param name="IsClone">Whether the state before this record is checkpoint 0 instead of nothing.</param>
internal sealed record VolumeCreated(long SizeBytes, int ObjectBytes, LogCompression Compression, bool HasBase, bool IsClone) : ManifestChange;

/// <summary>An opener took the volume; the record's epoch is one more than that of the record before.</summary>
/// <param name="WalId">The opener's log.</param>
/// <param name="Fence">Number of its entry in the fence.</param>
internal sealed record VolumeClaimed(Guid WalId, ulong Fence) : ManifestChange;

/// <summary>Old records of the log were deleted.</summary>
/// <param name="Fence">Number of the fence entry that was made before.</param>
internal sealed record LogTrimmed(ulong Fence) : ManifestChange;

/// <summary>A data object is part of the volume.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Sectors">How many sectors of content it has.</param>
/// <param name="HeaderBytes">Bytes of its header.</param>
/// <param name="StoredBytes">Its length in the store.</param>
/// <param name="Birth">The record by which its content was in the volume: 0 means this record, another that it is a copy.</param>
/// <param name="Extents">What it has, in the order of its content.</param>
internal sealed record ObjectAdded(uint Id, uint Sectors, uint HeaderBytes, uint StoredBytes, ulong Birth, IReadOnlyList<PlacedExtent> Extents) : ManifestChange;

/// <summary>Ranges that read as zeroes from now on.</summary>
internal sealed record RangesCleared(IReadOnlyList<ClearedRange> Ranges) : ManifestChange;

/// <summary>The store has everything up to a record of a write-ahead log.</summary>
internal sealed record LogDrained(Guid WalId, ulong Sequence) : ManifestChange;

/// <summary>Objects that nothing needed any more were deleted.</summary>
internal sealed record ObjectsPurged(IReadOnlyList<uint> Ids) : ManifestChange;

/// <summary>There is a whole checkpoint of the state after a record.</summary>
/// <param name="CheckpointNumber">That record.</param>
/// <param name="Nonce">That record's nonce.</param>
internal sealed record CheckpointTaken(ulong CheckpointNumber, Guid Nonce) : ManifestChange;

/// <summary>The state after this record is a snapshot. Always the last change of its record.</summary>
internal sealed record SnapshotCreated(string Id, long CreatedUnixMs) : ManifestChange;

/// <summary>There is a checkpoint of a snapshot.</summary>
internal sealed record SnapshotSaved(string Id) : ManifestChange;

internal sealed record SnapshotDeleted(string Id) : ManifestChange;

/// <summary>Another volume reads the objects of a snapshot.</summary>
internal sealed record CloneRegistered(string Volume, Guid VolumeId, string SnapshotId) : ManifestChange;

internal sealed record CloneRemoved(string Volume) : ManifestChange;

internal sealed record VolumeResized(long SizeBytes) : ManifestChange;

/// <summary>The volume's key, wrapped with a key of the ring.</summary>
internal sealed record KeyWrapped(string KeyId, byte[] Wrapped) : ManifestChange;

/// <summary>Nothing reads from the base any more.</summary>
internal sealed record BaseDropped : ManifestChange;

/// <summary>An extent of a new object.</summary>
/// <param name="Start">The first sector.</param>
/// <param name="Length">How many.</param>
/// <param name="Condition">
/// <see cref="Unconditional"/>, or what the volume must still have there, sector by sector, for the extent to take effect:
/// an object, <see cref="Extent.Zero"/> and the like, or <see cref="Vacant"/>.
/// </param>
/// <param name="ConditionOffset">Where in that object the first sector is.</param>
internal readonly record struct PlacedExtent(ulong Start, uint Length, uint Condition, uint ConditionOffset)
{
    public const uint Unconditional = 0;

    /// <summary>Nothing was ever written there.</summary>
    public const uint Vacant = uint.MaxValue - 2;

    public ulong End => Start + Length;
}

/// <summary>A range that reads as zeroes.</summary>
internal readonly record struct ClearedRange(ulong Start, ulong Length, bool IsAllocated);

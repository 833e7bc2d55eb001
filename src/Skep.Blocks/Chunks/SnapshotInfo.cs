namespace Skep.Blocks.Chunks;

/// <summary>What a manifest says of its snapshot beside where the blocks are.</summary>
public sealed record SnapshotInfo
{
    /// <summary>Its id.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>Size of the device in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Bytes of a block: <see cref="ChunkStore.BlockBytes"/>.</summary>
    public required int BlockBytes { get; init; }

    /// <summary>The snapshot that it began with; may be gone since.</summary>
    public string? ParentId { get; init; }

    /// <summary>The volume that it is of.</summary>
    public string? VolumeName { get; init; }

    /// <summary>When it was completed.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Blocks that are not zeroes.</summary>
    public long DataBlocks { get; init; }

    /// <summary>Blocks that differ from the parent's.</summary>
    public long ChangedBlocks { get; init; }

    /// <summary>Bytes that its chunks take in the store, of which other snapshots may share some.</summary>
    public long StoredBytes { get; init; }

    /// <summary>The key that <see cref="WrappedKey"/> is wrapped with; null when the chunks are in the clear.</summary>
    public string? KeyId { get; init; }

    /// <summary>The key of its chunks, as <see cref="Keys.WrappedKey.Bytes"/>.</summary>
    public byte[]? WrappedKey { get; init; }

    /// <summary>Made by one attempt to take the snapshot and no other.</summary>
    public required string Token { get; init; }

    /// <summary>The packs that the chunks were in at completion; compaction may have moved them since.</summary>
    public IReadOnlyList<string> Packs { get; init; } = [];
}

namespace Skep.Objects.Memory;

/// <summary>A version or delete marker in memory.</summary>
internal sealed class MemoryRow(byte[] key, long sequence)
{
    public byte[] Key { get; } = key;

    public long Sequence { get; } = sequence;

    public required ObjectVersion Version { get; set; }

    public MemoryContent Content { get; init; } = MemoryContent.Empty;

    /// <summary>The upload that made it; null when it was not uploaded in parts.</summary>
    public string? UploadId { get; init; }

    public bool IsNull => Version.VersionId == ObjectVersion.NullId;
}

/// <summary>Keys in order of their bytes, the newest version of a key first.</summary>
internal sealed class MemoryRowOrder : IComparer<MemoryRow>
{
    public int Compare(MemoryRow? x, MemoryRow? y)
    {
        var order = x!.Key.AsSpan().SequenceCompareTo(y!.Key);
        return order != 0 ? order : y.Sequence.CompareTo(x.Sequence);
    }
}

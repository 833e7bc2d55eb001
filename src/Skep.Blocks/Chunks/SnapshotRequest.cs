namespace Skep.Blocks.Chunks;

/// <summary>A snapshot to be made.</summary>
public sealed record SnapshotRequest
{
    /// <summary>Its id: letters, digits, - and _; never used before in this store.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>Size of the device in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>The snapshot whose blocks it begins with; must be encrypted if and only if this one is.</summary>
    public string? ParentId { get; init; }

    /// <summary>The volume that it is of.</summary>
    public string? VolumeName { get; init; }

    /// <summary>Whether chunks are encrypted: with the parent's key, or without a parent with a new one.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>It is given up when nothing is put for so long.</summary>
    public TimeSpan ExpiresAfter { get; init; } = TimeSpan.FromDays(1);
}

namespace Skep.Blocks.Chunks;

/// <summary>What is written down of a snapshot being made.</summary>
internal sealed record PendingSnapshot
{
    public required string SnapshotId { get; init; }
    public required long SizeBytes { get; init; }
    public string? ParentId { get; init; }
    public string? VolumeName { get; init; }
    public string? KeyId { get; init; }
    public byte[]? WrappedKey { get; init; }
    public required string Token { get; init; }

    /// <summary>When it was begun: before it, no chunk was found to be in the store already.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it was last known to be worked on.</summary>
    public required DateTimeOffset RenewedAt { get; init; }
    public required TimeSpan ExpiresAfter { get; init; }
}

/// <summary>What is written down of a pack that is to be deleted.</summary>
internal sealed record CondemnedPack(DateTimeOffset CondemnedAt);

/// <summary>Stands in a manifest's place so that a snapshot that was given up can never be completed.</summary>
internal sealed record Gravestone(DateTimeOffset ExpiredAt);

/// <summary>What the store says of itself.</summary>
internal sealed record StoreFacts(int BlockBytes);

/// <summary>A part of a table of a snapshot being made.</summary>
internal sealed record PartFacts(bool IsWhole);

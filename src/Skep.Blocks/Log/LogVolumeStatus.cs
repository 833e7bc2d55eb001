namespace Skep.Blocks.Log;

/// <summary>What a volume is doing, at one moment.</summary>
public sealed record LogVolumeStatus
{
    public required Guid VolumeId { get; init; }

    /// <summary>Which opening of the volume this is.</summary>
    public required uint Epoch { get; init; }

    /// <summary>The last record of the manifest log.</summary>
    public required ulong RecordNumber { get; init; }

    /// <summary>Another writer has taken the volume.</summary>
    public required bool IsFenced { get; init; }

    /// <summary>Why the volume stopped, if it did.</summary>
    public required string? Failure { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>Part of the log that is in use, 0 to 1.</summary>
    public required double LogFullness { get; init; }

    /// <summary>Bytes of data that only the local log has.</summary>
    public required long UndrainedBytes { get; init; }

    /// <summary>Data objects, those that only snapshots need included.</summary>
    public required int Objects { get; init; }

    /// <summary>Bytes of the objects that the volume itself still reads.</summary>
    public required long LiveBytes { get; init; }

    /// <summary>Bytes of all objects before compression.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>Bytes of all objects as stored.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Entries of the map.</summary>
    public required int Extents { get; init; }

    public required int Snapshots { get; init; }

    /// <summary>Reads come from a base device where nothing was written.</summary>
    public required bool HasBase { get; init; }

    /// <summary>Blocks that were read from memory or the local cache.</summary>
    public required long CacheHits { get; init; }

    /// <summary>Blocks that were read from the store.</summary>
    public required long CacheMisses { get; init; }

    /// <summary>Objects that garbage collection has compacted since the opening.</summary>
    public required long ObjectsCollected { get; init; }

    /// <summary>Why the store failed last, if it does at the moment.</summary>
    public required string? StoreFailure { get; init; }

    /// <summary>Why the replica of the log does not take it, if it does not at the moment.</summary>
    public required string? ReplicaFailure { get; init; }
}

/// <summary>A snapshot of a volume.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RecordNumber">The record of the manifest log that made it: what was in the volume after it is in the snapshot.</param>
/// <param name="SizeBytes">The volume's size then.</param>
/// <param name="CreatedAt">When.</param>
public sealed record LogSnapshot(string Id, ulong RecordNumber, long SizeBytes, DateTimeOffset CreatedAt)
{
    internal static IReadOnlyList<LogSnapshot> Of(VolumeState state) =>
        [.. state.Snapshots.Select(s => new LogSnapshot(s.Id, s.RecordNumber, s.SizeBytes, DateTimeOffset.FromUnixTimeMilliseconds(s.CreatedUnixMs)))];
}

/// <summary>What closing a volume left behind.</summary>
/// <param name="UndrainedBytes">Bytes that only the local log has; the next opening here goes on with them.</param>
/// <param name="Failure">Why they could not be brought to the store; null when nothing is left.</param>
public sealed record LogCloseReport(long UndrainedBytes, Exception? Failure);

/// <summary>A range of bytes.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="LengthBytes">How many.</param>
public readonly record struct LogRange(long Offset, long LengthBytes);

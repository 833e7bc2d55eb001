namespace Skep.Core.Store;

/// <summary>How much the store keeps; tests make it small.</summary>
internal sealed record StoreLimits
{
    /// <summary>Transactions made durable by one write of the log.</summary>
    public int BatchMax { get; init; } = 512;

    /// <summary>Writers wait beyond this many undecided transactions.</summary>
    public int QueueMax { get; init; } = 4_096;

    /// <summary>Recent events kept in memory for watches; older ones are read back from the log.</summary>
    public int RecentEventsMax { get; init; } = 8_192;

    /// <summary>Bytes of documents that recent events may keep in memory.</summary>
    public long RecentBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Events read back from the log at once.</summary>
    public int ReadBackMax { get; init; } = 1_000;

    /// <summary>Log entries kept for watches that resume; compaction runs when there are a quarter more.</summary>
    public int LogEntriesKept { get; init; } = ResourceStore.LogEntriesKept;
}

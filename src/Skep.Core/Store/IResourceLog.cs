namespace Skep.Core.Store;

/// <summary>
/// The durable side of the store. One caller at a time appends; reads and compaction may run beside it. Only
/// implementations know whether the log is a table on this machine or a replicated stream.
/// </summary>
public interface IResourceLog : IAsyncDisposable
{
    /// <summary>Opens the log and reads the state it materialises. Called once, first.</summary>
    Task<LogState> OpenAsync(CancellationToken ct);

    /// <summary>Makes entries durable, all or none; when the task completes they survive power loss.</summary>
    /// <exception cref="IOException">They were probably not written. The store then asks <see cref="ReadAsync"/> what is
    /// there, and goes by the answer: an acknowledgement can be lost.</exception>
    Task AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken ct);

    /// <summary>Entries after a revision, oldest first, at most <paramref name="limit"/>.</summary>
    /// <exception cref="Resources.ResourceException">Reason Expired: some were compacted away.</exception>
    Task<IReadOnlyList<LogEntry>> ReadAsync(long afterRevision, int limit, CancellationToken ct);

    /// <summary>Forgets entries up to and including a revision; the state itself stays.</summary>
    Task CompactAsync(long revision, CancellationToken ct);
}

using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// One applied change, as the log keeps it. A transaction is a run of entries with consecutive revisions, made durable
/// together. <paramref name="Json"/> is the new document, or the last one when the resource was deleted.
/// </summary>
public readonly record struct LogEntry(long Revision, ChangeType Type, ResourceKey Key, ReadOnlyMemory<byte> Json);

/// <summary>What a log holds when it is opened: the newest revision, the oldest still kept, and the current state.</summary>
public sealed record LogState(long Revision, long CompactedRevision, IEnumerable<Resource> Resources);

using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>A log that keeps its entries in memory, for tests.</summary>
public sealed class MemoryLog : IResourceLog
{
    private readonly Lock _lock = new();
    private readonly List<LogEntry> _entries = [];
    private readonly SortedDictionary<string, Resource> _state = new(StringComparer.Ordinal);
    private long _revision;
    private long _compacted;

    /// <inheritdoc/>
    public Task<LogState> OpenAsync(CancellationToken ct)
    {
        lock (_lock)
            return Task.FromResult(new LogState(_revision, _compacted, [.. _state.Values]));
    }

    /// <inheritdoc/>
    public Task AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken ct)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                _entries.Add(entry);
                _revision = entry.Revision;
                if (entry.Type == ChangeType.Delete)
                    _state.Remove(entry.Key.ToString());
                else
                    _state[entry.Key.ToString()] = new Resource(entry.Key, entry.Revision, entry.Json);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> ReadAsync(long afterRevision, int limit, CancellationToken ct)
    {
        lock (_lock)
        {
            if (afterRevision < _compacted)
                throw ResourceException.Expired(afterRevision, _compacted);
            return Task.FromResult<IReadOnlyList<LogEntry>>([.. _entries.Where(e => e.Revision > afterRevision).Take(limit)]);
        }
    }

    /// <inheritdoc/>
    public Task CompactAsync(long revision, CancellationToken ct)
    {
        lock (_lock)
        {
            _entries.RemoveAll(e => e.Revision <= revision);
            _compacted = Math.Max(_compacted, revision);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

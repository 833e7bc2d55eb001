using System.Runtime.CompilerServices;
using Skep.Core.Resources;

namespace Skep.Core.Store;

public sealed partial class ResourceStore
{
    /// <summary>Events read back from the log at once.</summary>
    private const int ReadBackMax = 1_000;

    /// <summary>
    /// Batches of events after a revision, of one kind or of all, as they become durable, until cancelled. A batch with
    /// no events says only that the watch has seen everything up to its revision (other kinds changed). Slow readers
    /// cost no memory: the watch is a position, not a queue.
    /// </summary>
    /// <exception cref="ResourceException">Reason Expired: the position is older than the log keeps. List again.</exception>
    public async IAsyncEnumerable<WatchBatch> WatchAsync(
        GroupResource? resource,
        long afterRevision,
        [EnumeratorCancellation] CancellationToken ct)
    {
        var position = afterRevision;
        while (true)
        {
            ct.ThrowIfCancellationRequested();
            // Taken before reading, so that an event published in between ends the wait at once.
            var advanced = _advanced.Task;
            var upTo = _view.Revision;
            if (upTo <= position)
            {
                await advanced.WaitAsync(ct);
                if (_stop.IsCancellationRequested)
                    yield break;
                continue;
            }

            var (events, reached) = _recent.TryRead(position, upTo, resource, out var recent)
                ? (recent, upTo)
                : await ReadBackAsync(position, resource, ct);
            position = reached;
            yield return new WatchBatch(events, position);
        }
    }

    private async Task<(IReadOnlyList<ResourceEvent> Events, long Reached)> ReadBackAsync(long position, GroupResource? resource, CancellationToken ct)
    {
        if (position < CompactedRevision)
            throw ResourceException.Expired(position, CompactedRevision);
        var entries = await _log.ReadAsync(position, ReadBackMax, ct);
        var events = entries
            .Where(e => resource is null || e.Key.GroupResource == resource)
            .Select(e => ToEvent(e, previous: null))
            .ToList();
        return (events, entries.Count == 0 ? position : entries[^1].Revision);
    }
}

/// <summary>Events of a watch in order, and the revision up to which nothing is missing.</summary>
public sealed record WatchBatch(IReadOnlyList<ResourceEvent> Events, long Revision);

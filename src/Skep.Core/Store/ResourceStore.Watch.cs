using System.Diagnostics;
using System.Runtime.CompilerServices;
using Skep.Core.Resources;

namespace Skep.Core.Store;

public sealed partial class ResourceStore
{
    /// <summary>
    /// Batches of events after a revision, of one kind or of all, as they become durable, until cancelled. A batch with
    /// no events says only that the watch has seen everything up to its revision; it comes now and then while other
    /// kinds change. Slow readers cost no memory: the watch is a position, not a queue.
    /// </summary>
    /// <exception cref="ResourceException">Reason Expired: the position is older than the log keeps. List again.</exception>
    public IAsyncEnumerable<WatchBatch> WatchAsync(GroupResource? resource, long afterRevision, CancellationToken ct) =>
        WatchAsync(new WatchFilter(resource), afterRevision, ct);

    /// <summary>Like <see cref="WatchAsync(GroupResource?, long, CancellationToken)"/>, for several kinds in one order.</summary>
    /// <exception cref="ResourceException">Reason Expired: the position is older than the log keeps. List again.</exception>
    public IAsyncEnumerable<WatchBatch> WatchKindsAsync(IEnumerable<GroupResource> resources, long afterRevision, CancellationToken ct) =>
        WatchAsync(new WatchFilter(resources), afterRevision, ct);

    private async IAsyncEnumerable<WatchBatch> WatchAsync(
        WatchFilter filter,
        long afterRevision,
        [EnumeratorCancellation] CancellationToken ct)
    {
        var position = afterRevision;
        var signal = new WatchSignal(filter) { Position = position };
        _watches.Add(signal);
        try
        {
            using var cancelled = ct.UnsafeRegister(static s => ((WatchSignal)s!).Signal(), signal);
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                // The signal was set up before the view is read, so that an event published in between ends the wait at once.
                var upTo = _view.Revision;
                if (upTo <= position)
                {
                    if (_watches.IsClosed)
                        yield break;
                    await signal.WaitAsync();
                    continue;
                }

                var (events, reached) = _recent.TryRead(position, upTo, filter, out var recent)
                    ? (recent, upTo)
                    : await ReadBackAsync(position, upTo, filter, ct);
                signal.Position = position = reached;
                yield return new WatchBatch(events, position);
            }
        }
        finally
        {
            _watches.Remove(signal);
        }
    }

    private async Task<(IReadOnlyList<ResourceEvent> Events, long Reached)> ReadBackAsync(long position, long upTo, WatchFilter filter, CancellationToken ct)
    {
        if (position < CompactedRevision)
            throw ResourceException.Expired(position, CompactedRevision);
        IReadOnlyList<LogEntry> entries;
        try
        {
            entries = await _log.ReadAsync(position, _limits.ReadBackMax, ct);
        }
        catch (InvalidOperationException) when (_watches.IsClosed)
        {
            throw ShuttingDown();
        }

        var events = new List<ResourceEvent>();
        var reached = position;
        foreach (var entry in entries)
        {
            // The log may be ahead of the view for a moment: what is not published yet comes later.
            if (entry.Revision > upTo)
                break;
            reached = entry.Revision;
            if (filter.Wants(entry.Key.GroupResource))
                events.Add(ToEvent(entry.Type, ToResource(entry), previous: null));
        }

        if (reached == position)
            throw new UnreachableException($"the log has no entry between {position} and {upTo}");
        return (events, reached);
    }
}

/// <summary>Events of a watch in order, and the revision up to which nothing is missing.</summary>
public sealed record WatchBatch(IReadOnlyList<ResourceEvent> Events, long Revision);

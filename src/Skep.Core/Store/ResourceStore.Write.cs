using System.Diagnostics;
using System.Diagnostics.Metrics;
using Skep.Core.Resources;

namespace Skep.Core.Store;

public sealed partial class ResourceStore
{
    private static readonly Meter _meter = new("Skep.Store");
    private static readonly Counter<long> _changesWritten = _meter.CreateCounter<long>("skep.store.changes", description: "Changes made durable.");
    private static readonly Counter<long> _appends = _meter.CreateCounter<long>("skep.store.appends", description: "Batches given to the log, by result.");
    private static readonly Histogram<double> _appendDuration = _meter.CreateHistogram<double>("skep.store.append.duration", "s", "Time in which the log made one batch durable.");
    private static readonly Counter<long> _compactions = _meter.CreateCounter<long>("skep.store.compactions", description: "Compactions of the log, by result.");

    /// <summary>An append failed and the log could not be asked what became of it.</summary>
    private bool _isInDoubt;

    private async Task WriteLoopAsync()
    {
        var batch = new List<Pending>();
        while (await _queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < _limits.BatchMax && _queue.Reader.TryRead(out var pending))
                batch.Add(pending);
            try
            {
                await ApplyAsync(batch);
            }
            catch (Exception ex)
            {
                // A bug must not leave this batch's writers, or all later ones, waiting for ever.
                foreach (var pending in batch)
                    pending.Done.TrySetException(ex);
            }

            CompactIfDue();
        }
    }

    private async Task ApplyAsync(List<Pending> batch)
    {
        ResourceException? unavailable = null;
        if (_isInDoubt)
            unavailable = await ResolveAsync();
        if (unavailable is null)
        {
            var view = _view;
            var entries = new List<LogEntry>(batch.Count * 2);
            var events = new List<ResourceEvent>(batch.Count * 2);
            foreach (var pending in batch)
            {
                pending.Failure = Decide(pending.Changes, ref view, entries, events);
                pending.Result = view;
            }

            if (entries.Count > 0)
                unavailable = await AppendAsync(entries, events, view);
        }

        foreach (var pending in batch)
        {
            // What was decided on top of changes that are not durable is void, be it success or failure.
            if (unavailable is not null && pending.Result.Revision > _view.Revision)
                pending.Done.TrySetException(unavailable);
            else if (unavailable is not null && _isInDoubt)
                pending.Done.TrySetException(unavailable);
            else if (pending.Failure is not null)
                pending.Done.TrySetException(pending.Failure);
            else
                pending.Done.TrySetResult(pending.Result);
        }
    }

    /// <summary>Makes entries durable and publishes them. Returns why they are not, if they are not.</summary>
    private async Task<ResourceException?> AppendAsync(List<LogEntry> entries, List<ResourceEvent> events, View view)
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            await _log.AppendAsync(entries, CancellationToken.None);
        }
        catch (Exception ex)
        {
            _appends.Add(1, new KeyValuePair<string, object?>("result", "error"));
            // The error may have come after the entries were durable: only the log knows.
            var unknown = await ResolveAsync();
            return unknown ?? Unavailable($"the state could not be written: {ex.Message}");
        }

        _appends.Add(1, new KeyValuePair<string, object?>("result", "ok"));
        _changesWritten.Add(entries.Count);
        _appendDuration.Record(TimeProvider.System.GetElapsedTime(start).TotalSeconds);
        Publish(view, events);
        return null;
    }

    /// <summary>Publishes what the log has beyond the view. Returns why that is not known, if it is not.</summary>
    private async Task<ResourceException?> ResolveAsync()
    {
        _isInDoubt = true;
        try
        {
            while (true)
            {
                var view = _view;
                var entries = await _log.ReadAsync(view.Revision, _limits.ReadBackMax, CancellationToken.None);
                if (entries.Count == 0)
                    break;
                var events = new List<ResourceEvent>(entries.Count);
                foreach (var entry in entries)
                {
                    var resource = ToResource(entry);
                    events.Add(ToEvent(entry.Type, resource, view.Get(entry.Key)));
                    view = view.With(entry.Type, resource);
                }

                Publish(view, events);
            }

            _isInDoubt = false;
            return null;
        }
        catch (Exception ex)
        {
            return Unavailable($"the state could not be written, or the log does not answer whether it was: {ex.Message}");
        }
    }

    private void Publish(View view, List<ResourceEvent> events)
    {
        // Watches read up to the view's revision, so the events have to be there before it.
        _recent.Add(events);
        _view = view;
        _watches.Publish(events);
    }

    /// <summary>Deterministic: the same log prefix and changes give the same outcome on every replica.</summary>
    private static ResourceException? Decide(IReadOnlyList<Change> changes, ref View view, List<LogEntry> entries, List<ResourceEvent> events)
    {
        var after = view;
        var entriesBefore = entries.Count;
        foreach (var change in changes)
        {
            var current = after.Get(change.Key);
            if (Check(change, current) is { } failure)
            {
                entries.RemoveRange(entriesBefore, entries.Count - entriesBefore);
                events.RemoveRange(entriesBefore, events.Count - entriesBefore);
                return failure;
            }

            if (change.Type == ChangeType.Check)
                continue;
            var revision = after.Revision + 1;
            var json = change.Type == ChangeType.Delete
                ? Restamp(current!, revision)
                : ResourceDocument.Stamp(change.Body, change.RevisionOffset, revision);
            var resource = new Resource(change.Key, revision, json);
            after = after.With(change.Type, resource);
            entries.Add(new LogEntry(revision, change.Type, change.Key, json));
            events.Add(ToEvent(change.Type, resource, current));
        }

        view = after;
        return null;
    }

    private static ResourceException? Check(Change change, Resource? current)
    {
        switch (change.Type)
        {
            case ChangeType.Create:
                return current is null ? null : ResourceException.AlreadyExists(change.Key);
            case ChangeType.Update or ChangeType.Delete when current is null:
                return ResourceException.NotFound(change.Key);
            case ChangeType.Check when change.ExpectedRevision is null:
                if (current is null)
                    return ResourceException.NotFound(change.Key);
                return current.Metadata.DeletionTimestamp is null ? null : ResourceException.Terminating(change.Key);
            case ChangeType.Update or ChangeType.Delete or ChangeType.Check:
                return change.ExpectedRevision is { } expected && expected != (current?.Revision ?? 0)
                    ? ResourceException.Conflict(change.Key)
                    : null;
            default:
                throw new UnreachableException();
        }
    }

    private static byte[] Restamp(Resource resource, long revision)
    {
        var (body, offset) = ResourceDocument.Canonicalize(resource.Json);
        return ResourceDocument.Stamp(body, offset, revision);
    }

    private static Resource ToResource(LogEntry entry) => new(entry.Key, entry.Revision, entry.Json);

    private static ResourceEvent ToEvent(ChangeType type, Resource resource, Resource? previous) =>
        new(
            type switch
            {
                ChangeType.Create => ResourceEventType.Added,
                ChangeType.Update => ResourceEventType.Modified,
                ChangeType.Delete => ResourceEventType.Deleted,
                _ => throw new UnreachableException(),
            },
            resource,
            previous);

    private static ResourceException Unavailable(string message) => new(ResourceError.Unavailable, message);

    /// <summary>Starts a compaction when enough entries have gathered; writers do not wait for it.</summary>
    private void CompactIfDue()
    {
        var revision = _view.Revision;
        var step = _limits.LogEntriesKept / 4;
        if (revision - CompactedRevision <= _limits.LogEntriesKept + step || revision < _nextCompaction || !_compaction.IsCompleted)
            return;
        // After a failure (no space, for example) the next attempt waits for as many changes again.
        _nextCompaction = revision + step;
        _compaction = CompactInBackgroundAsync(revision - _limits.LogEntriesKept);
    }

    private async Task CompactInBackgroundAsync(long revision)
    {
        var result = "ok";
        try
        {
            await CompactAsync(revision, CancellationToken.None);
        }
        catch (Exception ex) when (ex is IOException or ResourceException)
        {
            // Nothing is lost: the log is longer than it should be until the next attempt.
            result = "error";
        }

        _compactions.Add(1, new KeyValuePair<string, object?>("result", result));
    }
}

using System.Diagnostics;
using System.Threading.Channels;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// The one place where state changes. Transactions are decided one after another against the newest view, made durable
/// in batches (group commit), then published to readers and watches. Thread-safe.
/// </summary>
public sealed partial class ResourceStore : IAsyncDisposable
{
    /// <summary>Transactions made durable by one write of the log.</summary>
    private const int BatchMax = 512;

    /// <summary>Writers wait beyond this many undecided transactions.</summary>
    private const int QueueMax = 4_096;

    /// <summary>Recent events kept in memory for watches; older ones are read back from the log.</summary>
    private const int RecentEventsMax = 8_192;

    /// <summary>Log entries kept for watches that resume; compaction runs when there are a quarter more.</summary>
    public const int LogEntriesKept = 50_000;

    private readonly IResourceLog _log;
    private readonly Channel<Pending> _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(QueueMax) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly EventRing _recent = new(RecentEventsMax);
    private Task _writer = Task.CompletedTask;
    private volatile View _view = View.Empty;
    private volatile TaskCompletionSource _advanced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _compactedRevision;

    private ResourceStore(IResourceLog log) => _log = log;

    /// <summary>The newest durable state.</summary>
    public View View => _view;

    /// <summary>Watches can resume after this revision or any later one.</summary>
    public long CompactedRevision => Interlocked.Read(ref _compactedRevision);

    /// <summary>Opens a log and loads its state. The store owns the log from then on.</summary>
    public static async Task<ResourceStore> OpenAsync(IResourceLog log, CancellationToken ct)
    {
        LogState state;
        try
        {
            state = await log.OpenAsync(ct);
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }

        var store = new ResourceStore(log);
        store._view = View.Load(state.Revision, state.Resources);
        store._compactedRevision = state.CompactedRevision;
        store._recent.Start(state.Revision);
        store._writer = Task.Run(() => store.WriteLoopAsync(store._stop.Token), CancellationToken.None);
        return store;
    }

    /// <summary>
    /// Applies all changes or none. Completes when they are durable, with the view that contains them.
    /// </summary>
    /// <exception cref="ResourceException">AlreadyExists, NotFound or Conflict with the key at fault; Unavailable when
    /// the log cannot write.</exception>
    public async Task<View> CommitAsync(IReadOnlyList<Change> changes, CancellationToken ct)
    {
        var pending = new Pending(changes);
        try
        {
            await _queue.Writer.WriteAsync(pending, ct);
        }
        catch (ChannelClosedException)
        {
            throw new ResourceException(ResourceError.Unavailable, "the store is shutting down");
        }

        // Once queued the outcome is awaited even if the caller gives up: a write must not be reported as cancelled and then happen.
        return await pending.Done.Task;
    }

    /// <summary>Forgets log entries up to a revision: watches that want to resume before it get Expired.</summary>
    public async Task CompactAsync(long revision, CancellationToken ct)
    {
        await _log.CompactAsync(revision, ct);
        InterlockedMax(ref _compactedRevision, revision);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _writer;
        await _stop.CancelAsync();
        _advanced.TrySetResult();
        _stop.Dispose();
        await _log.DisposeAsync();
    }

    private static void InterlockedMax(ref long target, long value)
    {
        var seen = Interlocked.Read(ref target);
        while (seen < value)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    private async Task WriteLoopAsync(CancellationToken ct)
    {
        var batch = new List<Pending>();
        while (await _queue.Reader.WaitToReadAsync(ct))
        {
            batch.Clear();
            while (batch.Count < BatchMax && _queue.Reader.TryRead(out var pending))
                batch.Add(pending);
            await ApplyAsync(batch);
            await CompactIfDueAsync(ct);
        }
    }

    private async Task ApplyAsync(List<Pending> batch)
    {
        var view = _view;
        var entries = new List<LogEntry>(batch.Count * 2);
        var events = new List<ResourceEvent>(batch.Count * 2);
        foreach (var pending in batch)
        {
            pending.Failure = Decide(pending.Changes, ref view, entries, events);
            pending.Result = view;
        }

        ResourceException? unavailable = null;
        if (entries.Count > 0)
        {
            try
            {
                await _log.AppendAsync(entries, CancellationToken.None);
                _view = view;
                _recent.Add(events);
                Interlocked.Exchange(ref _advanced, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            }
            catch (Exception ex)
            {
                unavailable = new ResourceException(ResourceError.Unavailable, $"the state could not be written: {ex.Message}");
            }
        }

        foreach (var pending in batch)
        {
            if ((unavailable ?? pending.Failure) is { } failure)
                pending.Done.TrySetException(failure);
            else
                pending.Done.TrySetResult(pending.Result!);
        }
    }

    /// <summary>Deterministic: the same log prefix and changes give the same outcome on every replica.</summary>
    private static ResourceException? Decide(IReadOnlyList<Change> changes, ref View view, List<LogEntry> entries, List<ResourceEvent> events)
    {
        foreach (var change in changes)
        {
            if (Check(change, view) is { } failure)
                return failure;
        }

        foreach (var change in changes)
        {
            if (change.Type == ChangeType.Check)
                continue;
            var revision = view.Revision + 1;
            var previous = view.Get(change.Key);
            var json = change.Type == ChangeType.Delete
                ? Restamp(previous!, revision)
                : ResourceDocument.Stamp(change.Body, change.RevisionOffset, revision);
            var entry = new LogEntry(revision, change.Type, change.Key, json);
            view = view.With(entry);
            entries.Add(entry);
            events.Add(ToEvent(entry, previous));
        }

        return null;
    }

    private static ResourceException? Check(Change change, View view)
    {
        var current = view.Get(change.Key);
        switch (change.Type)
        {
            case ChangeType.Create:
                return current is null ? null : ResourceException.AlreadyExists(change.Key);
            case ChangeType.Update or ChangeType.Delete when current is null:
                return ResourceException.NotFound(change.Key);
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

    private static ResourceEvent ToEvent(LogEntry entry, Resource? previous) =>
        new(
            entry.Type switch
            {
                ChangeType.Create => ResourceEventType.Added,
                ChangeType.Update => ResourceEventType.Modified,
                ChangeType.Delete => ResourceEventType.Deleted,
                _ => throw new UnreachableException(),
            },
            new Resource(entry.Key, entry.Revision, entry.Json),
            previous);

    private async Task CompactIfDueAsync(CancellationToken ct)
    {
        var surplus = _view.Revision - CompactedRevision - LogEntriesKept;
        if (surplus > LogEntriesKept / 4)
            await CompactAsync(_view.Revision - LogEntriesKept, ct);
    }

    private sealed class Pending(IReadOnlyList<Change> changes)
    {
        public IReadOnlyList<Change> Changes { get; } = changes;
        public TaskCompletionSource<View> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public ResourceException? Failure { get; set; }
        public View? Result { get; set; }
    }
}

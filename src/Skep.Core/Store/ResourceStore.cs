using System.Threading.Channels;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// The one place where state changes. Transactions are decided one after another against the newest view, made durable
/// in batches (group commit), then published to readers and watches. Thread-safe.
/// </summary>
public sealed partial class ResourceStore : IAsyncDisposable
{
    /// <summary>Log entries kept for watches that resume; compaction runs when there are a quarter more.</summary>
    public const int LogEntriesKept = 50_000;

    private readonly IResourceLog _log;
    private readonly StoreLimits _limits;
    private readonly Channel<Pending> _queue;
    private readonly EventRing _recent;
    private readonly WatchHub _watches = new();
    private Task _writer = Task.CompletedTask;
    private Task _compaction = Task.CompletedTask;
    private volatile View _view = View.Empty;
    private long _compactedRevision;
    private long _nextCompaction;
    private int _isDisposed;

    private ResourceStore(IResourceLog log, StoreLimits limits)
    {
        _log = log;
        _limits = limits;
        _queue = Channel.CreateBounded<Pending>(new BoundedChannelOptions(limits.QueueMax) { SingleReader = true });
        _recent = new EventRing(limits.RecentEventsMax, limits.RecentBytesMax);
    }

    /// <summary>The newest durable state.</summary>
    public View View => _view;

    /// <summary>Watches can resume after this revision or any later one.</summary>
    public long CompactedRevision => Interlocked.Read(ref _compactedRevision);

    /// <summary>Opens a log and loads its state. The store owns the log from then on.</summary>
    public static Task<ResourceStore> OpenAsync(IResourceLog log, CancellationToken ct) => OpenAsync(log, new StoreLimits(), ct);

    internal static async Task<ResourceStore> OpenAsync(IResourceLog log, StoreLimits limits, CancellationToken ct)
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

        var store = new ResourceStore(log, limits)
        {
            _view = View.Load(state.Revision, state.Resources),
            _compactedRevision = state.CompactedRevision,
        };
        store._recent.Start(state.Revision);
        store._writer = Task.Run(store.WriteLoopAsync, CancellationToken.None);
        return store;
    }

    /// <summary>
    /// Applies all changes or none, one after another: a later change of the list sees the earlier ones. Completes when
    /// they are durable, with the view that contains them.
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
            throw ShuttingDown();
        }

        // Once queued the outcome is awaited even if the caller gives up: a write must not be reported as cancelled and then happen.
        return await pending.Done.Task;
    }

    /// <summary>Forgets log entries up to a revision: watches that want to resume before it get Expired.</summary>
    public async Task CompactAsync(long revision, CancellationToken ct)
    {
        revision = Math.Min(revision, _view.Revision);
        await _log.CompactAsync(revision, ct);
        InterlockedMax(ref _compactedRevision, revision);
    }

    /// <summary>Decides what is queued, then ends all watches and closes the log.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
            return;
        _queue.Writer.TryComplete();
        await _writer;
        await _compaction;
        _watches.Close();
        await _log.DisposeAsync();
    }

    private static ResourceException ShuttingDown() => new(ResourceError.Unavailable, "the store is shutting down");

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

    private sealed class Pending(IReadOnlyList<Change> changes)
    {
        public IReadOnlyList<Change> Changes { get; } = changes;
        public TaskCompletionSource<View> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public Exception? Failure { get; set; }

        /// <summary>The view after this transaction; for one that failed, the view it was decided against.</summary>
        public View Result { get; set; } = View.Empty;
    }
}

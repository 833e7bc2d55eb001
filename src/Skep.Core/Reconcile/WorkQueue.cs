using Skep.Core.Resources;

namespace Skep.Core.Reconcile;

/// <summary>
/// Keys waiting to be reconciled: each at most once, never handed out twice at the same time, failed ones after a
/// growing pause. Thread-safe. Kubernetes' workqueue rules.
/// </summary>
internal sealed class WorkQueue(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan _backOffMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _backOffMax = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Queue<ResourceKey> _ready = [];
    private readonly HashSet<ResourceKey> _queued = [];
    private readonly HashSet<ResourceKey> _running = [];
    private readonly Dictionary<ResourceKey, Delayed> _delayed = [];
    private readonly Dictionary<ResourceKey, int> _failures = [];
    private readonly SemaphoreSlim _available = new(0);
    private bool _isDisposed;

    /// <summary>Adds a key, unless it already waits. A key that is being worked on is handed out again afterwards.</summary>
    public void Add(ResourceKey key)
    {
        lock (_lock)
        {
            if (!_queued.Add(key) || _running.Contains(key))
                return;
            _ready.Enqueue(key);
        }

        _available.Release();
    }

    /// <summary>Adds a key after a pause. Of several pauses the one that ends first counts.</summary>
    public void AddAfter(ResourceKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_lock)
        {
            // The timestamp, not the time of day: that one jumps.
            var due = time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);
            if (_isDisposed || (_delayed.TryGetValue(key, out var earlier) && earlier.Due <= due))
                return;
            earlier?.Timer?.Dispose();
            var delayed = _delayed[key] = new Delayed(due);
            delayed.Timer = time.CreateTimer(_ => Fire(key, delayed), null, delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Adds a key after the pause that its failures so far have earned; returns the pause.</summary>
    public TimeSpan AddAfterFailure(ResourceKey key)
    {
        int failures;
        lock (_lock)
            failures = _failures[key] = _failures.GetValueOrDefault(key) + 1;
        var delay = TimeSpan.FromTicks(Math.Min(_backOffMax.Ticks, _backOffMin.Ticks << Math.Min(failures - 1, 16)));
        AddAfter(key, delay);
        return delay;
    }

    /// <summary>Forgets a key's failures.</summary>
    public void Succeeded(ResourceKey key)
    {
        lock (_lock)
            _failures.Remove(key);
    }

    /// <summary>Waits for a key and marks it as being worked on.</summary>
    public async Task<ResourceKey> TakeAsync(CancellationToken ct)
    {
        await _available.WaitAsync(ct);
        lock (_lock)
        {
            var key = _ready.Dequeue();
            _queued.Remove(key);
            _running.Add(key);
            return key;
        }
    }

    /// <summary>Ends the work on a key; hands it out again if it was added meanwhile.</summary>
    public void Done(ResourceKey key)
    {
        lock (_lock)
        {
            _running.Remove(key);
            if (!_queued.Contains(key))
                return;
            _ready.Enqueue(key);
        }

        _available.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var delayed in _delayed.Values)
                delayed.Timer?.Dispose();
            _delayed.Clear();
        }

        // The semaphore holds nothing to release; a timer that is firing right now may still use it.
    }

    private void Fire(ResourceKey key, Delayed delayed)
    {
        lock (_lock)
        {
            // Replaced or disposed while the timer was already firing.
            if (!_delayed.TryGetValue(key, out var current) || current != delayed)
                return;
            _delayed.Remove(key);
        }

        delayed.Timer?.Dispose();
        Add(key);
    }

    private sealed class Delayed(long due)
    {
        public long Due { get; } = due;
        public ITimer? Timer { get; set; }
    }
}

using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// Wakes the watches that a batch of events concerns. The others sleep on, except that now and then they are woken to
/// move their position: one that stood still for long could not resume. Thread-safe.
/// </summary>
internal sealed class WatchHub
{
    /// <summary>A watch falls behind at most this many revisions because of events it does not want.</summary>
    private const int LagMax = 1_000;

    private readonly Lock _lock = new();
    private readonly HashSet<WatchSignal> _signals = [];
    private bool _isClosed;

    /// <summary>Whether all watches are to end.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
                return _isClosed;
        }
    }

    /// <summary>Adds a watch; from now on it is woken.</summary>
    public void Add(WatchSignal signal)
    {
        lock (_lock)
            _signals.Add(signal);
    }

    /// <summary>Removes a watch.</summary>
    public void Remove(WatchSignal signal)
    {
        lock (_lock)
            _signals.Remove(signal);
    }

    /// <summary>Wakes the watches that want any of the events, which readers can already see.</summary>
    public void Publish(List<ResourceEvent> events)
    {
        var kinds = new HashSet<GroupResource>();
        foreach (var e in events)
            kinds.Add(e.Resource.Key.GroupResource);
        var revision = events[^1].Revision;
        lock (_lock)
        {
            foreach (var signal in _signals)
            {
                if (revision - signal.Position >= LagMax || WantsAny(signal.Filter, kinds))
                    signal.Signal();
            }
        }
    }

    /// <summary>Ends all watches.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var signal in _signals)
                signal.Signal();
        }
    }

    private static bool WantsAny(WatchFilter filter, HashSet<GroupResource> kinds)
    {
        foreach (var kind in kinds)
        {
            if (filter.Wants(kind))
                return true;
        }

        return false;
    }
}

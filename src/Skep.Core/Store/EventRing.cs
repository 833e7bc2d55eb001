using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// The newest events, indexed by revision: every revision is one event, so a position is an index. One writer, many
/// readers, a lock held for copying only.
/// </summary>
internal sealed class EventRing(int capacity)
{
    private readonly Lock _lock = new();
    private readonly ResourceEvent[] _events = new ResourceEvent[capacity];
    private long _first = 1; // revision of the oldest event held
    private long _next = 1; // revision of the next event to come

    public void Start(long revision)
    {
        lock (_lock)
            _first = _next = revision + 1;
    }

    public void Add(List<ResourceEvent> events)
    {
        lock (_lock)
        {
            foreach (var e in events)
            {
                _events[e.Revision % capacity] = e;
                _next = e.Revision + 1;
            }

            _first = Math.Max(_first, _next - capacity);
        }
    }

    /// <summary>Events in (after, upTo] of a kind; false when the oldest of them have left the ring.</summary>
    public bool TryRead(long after, long upTo, GroupResource? resource, out IReadOnlyList<ResourceEvent> events)
    {
        var found = new List<ResourceEvent>();
        events = found;
        lock (_lock)
        {
            if (after + 1 < _first)
                return false;
            for (var revision = after + 1; revision <= upTo && revision < _next; revision++)
            {
                var e = _events[revision % capacity];
                if (resource is null || e.Resource.Key.GroupResource == resource)
                    found.Add(e);
            }
        }

        return true;
    }
}

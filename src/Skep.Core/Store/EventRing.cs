using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// The newest events, indexed by revision: every revision is one event, so a position is an index. Bounded by number and
/// by the bytes of the documents it keeps alive. One writer, many readers, a lock held for copying only.
/// </summary>
internal sealed class EventRing(int capacity, long bytesMax)
{
    /// <summary>What an event costs beside its documents.</summary>
    private const int EventOverheadBytes = 512;

    private readonly Lock _lock = new();
    private readonly ResourceEvent?[] _events = new ResourceEvent?[capacity];
    private long _first = 1; // revision of the oldest event held
    private long _next = 1; // revision of the next event to come
    private long _bytes;

    /// <summary>The last answer: many watches of one kind usually stand at the same position.</summary>
    private Answer? _last;

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
                while (_next > _first && (_next - _first >= capacity || _bytes + Size(e) > bytesMax))
                    RemoveFirst();
                _events[e.Revision % capacity] = e;
                _bytes += Size(e);
                _next = e.Revision + 1;
            }

            _last = null;
        }
    }

    /// <summary>Events in (after, upTo] that a filter wants; false when the oldest of them have left the ring.</summary>
    public bool TryRead(long after, long upTo, WatchFilter filter, out IReadOnlyList<ResourceEvent> events)
    {
        lock (_lock)
        {
            if (_last is { } last && last.After == after && last.UpTo == upTo && last.Filter.Equals(filter))
            {
                events = last.Events;
                return true;
            }

            if (after + 1 < _first || upTo >= _next)
            {
                events = [];
                return false;
            }

            List<ResourceEvent>? found = null;
            for (var revision = after + 1; revision <= upTo; revision++)
            {
                var e = _events[revision % capacity]!;
                if (filter.Wants(e.Resource.Key.GroupResource))
                    (found ??= []).Add(e);
            }

            events = found is null ? [] : found;
            _last = new Answer(after, upTo, filter, events);
            return true;
        }
    }

    private static long Size(ResourceEvent e) => EventOverheadBytes + e.Resource.Json.Length + (e.Previous?.Json.Length ?? 0);

    private void RemoveFirst()
    {
        ref var slot = ref _events[_first % capacity];
        _bytes -= Size(slot!);
        slot = null;
        _first++;
    }

    private sealed record Answer(long After, long UpTo, WatchFilter Filter, IReadOnlyList<ResourceEvent> Events);
}

using Skep.Core.Store;

namespace Skep.Kubernetes.Verbs;

/// <summary>
/// States that unfinished lists continue on. A view shares nearly everything with its neighbours, so keeping some is
/// cheap; they go when they are old or when there are too many. Thread-safe.
/// </summary>
internal sealed class ViewSnapshots(TimeProvider time)
{
    /// <summary>Snapshots kept at most; the oldest goes first.</summary>
    public const int CountMax = 64;

    /// <summary>How long a list may rest between two pages.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly LinkedList<(View View, DateTimeOffset Expires)> _kept = new();

    /// <summary>Keeps a state, or keeps it for longer.</summary>
    public void Keep(View view)
    {
        lock (_lock)
        {
            Remove(view.Revision);
            _kept.AddLast((view, time.GetUtcNow() + Lifetime));
            DropExpired();
            if (_kept.Count > CountMax)
                _kept.RemoveFirst();
        }
    }

    /// <summary>The state at a revision, or null when it is no longer kept.</summary>
    public View? Find(long revision)
    {
        lock (_lock)
        {
            DropExpired();
            foreach (var (view, _) in _kept)
            {
                if (view.Revision == revision)
                    return view;
            }

            return null;
        }
    }

    private void DropExpired()
    {
        var now = time.GetUtcNow();
        while (_kept.First is { } first && first.Value.Expires <= now)
            _kept.RemoveFirst();
    }

    private void Remove(long revision)
    {
        for (var node = _kept.First; node is not null; node = node.Next)
        {
            if (node.Value.View.Revision != revision)
                continue;
            _kept.Remove(node);
            return;
        }
    }
}

using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>Who depends on whom, by the owners' uids: an index over all ownerReferences. Thread-safe.</summary>
internal sealed class OwnerGraph(ResourceClient client)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<ResourceKey>> _dependents = new(StringComparer.Ordinal);
    private readonly Dictionary<ResourceKey, string[]> _owners = [];
    private bool _isLoaded;

    /// <summary>Brings the index up to date for one resource, from the newest view whatever version the caller has seen.</summary>
    public void Refresh(ResourceKey key)
    {
        lock (_lock)
        {
            Load();
            Set(key, client.View.Get(key));
        }
    }

    /// <summary>The resources that name a uid as their owner.</summary>
    public IReadOnlyList<ResourceKey> DependentsOf(string uid)
    {
        lock (_lock)
        {
            Load();
            return _dependents.TryGetValue(uid, out var found) ? [.. found] : [];
        }
    }

    /// <summary>
    /// All resources at once, before the first answer: an owner must not look free of dependents only because they come
    /// later in the list.
    /// </summary>
    private void Load()
    {
        if (_isLoaded)
            return;
        _isLoaded = true;
        var view = client.View;
        foreach (var resource in client.Kinds.All.SelectMany(k => view.List(k.GroupResource, ns: null, after: null)))
            Set(resource.Key, resource);
    }

    private void Set(ResourceKey key, Resource? resource)
    {
        if (_owners.Remove(key, out var before))
        {
            foreach (var uid in before)
            {
                if (_dependents.TryGetValue(uid, out var dependents) && dependents.Remove(key) && dependents.Count == 0)
                    _dependents.Remove(uid);
            }
        }

        if (resource?.Metadata.OwnerReferences is not { Count: > 0 } references)
            return;
        var owners = references.Select(r => r.Uid).Distinct(StringComparer.Ordinal).ToArray();
        _owners[key] = owners;
        foreach (var uid in owners)
        {
            if (!_dependents.TryGetValue(uid, out var dependents))
                _dependents[uid] = dependents = [];
            dependents.Add(key);
        }
    }
}

using System.Collections.Immutable;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// All resources at one revision. Immutable: a reader that holds a view sees one consistent state however long it
/// takes, and never waits for writers.
/// </summary>
public sealed class View
{
    private static readonly ImmutableSortedSet<Resource> _none = ImmutableSortedSet.Create<Resource>(ByNamespaceAndName.Instance);
    private readonly ImmutableDictionary<GroupResource, ImmutableSortedSet<Resource>> _partitions;

    internal View(long revision, ImmutableDictionary<GroupResource, ImmutableSortedSet<Resource>> partitions)
    {
        Revision = revision;
        _partitions = partitions;
    }

    /// <summary>The state of an empty log.</summary>
    public static View Empty { get; } = new(0, ImmutableDictionary<GroupResource, ImmutableSortedSet<Resource>>.Empty);

    /// <summary>The newest revision the view contains.</summary>
    public long Revision { get; }

    /// <summary>One resource, or null.</summary>
    public Resource? Get(ResourceKey key) =>
        _partitions.TryGetValue(key.GroupResource, out var set) && set.TryGetValue(Probe(key), out var found) ? found : null;

    /// <summary>The typed view of one resource, or null. Read-only, like <see cref="Resource.View{T}(Kind{T})"/>.</summary>
    public T? Get<T>(Kind<T> kind, string ns, string name)
        where T : ResourceObject => Get(kind.Key(ns, name))?.View(kind);

    /// <summary>
    /// The resources of a kind ordered by namespace and name; of one namespace when <paramref name="ns"/> is given;
    /// only those after a position when <paramref name="after"/> is given.
    /// </summary>
    public IEnumerable<Resource> List(GroupResource resource, string? ns, ResourceKey? after)
    {
        if (!_partitions.TryGetValue(resource, out var set))
            yield break;
        var index = 0;
        if (after is { } position)
            index = IndexAfter(set, position, inclusive: false);
        else if (ns is not null)
            index = IndexAfter(set, new ResourceKey(resource, ns, ""), inclusive: true);
        if (index == 0 && ns is null)
        {
            foreach (var item in set)
                yield return item;
            yield break;
        }

        for (; index < set.Count; index++)
        {
            var item = set[index];
            if (ns is not null && item.Key.Namespace != ns)
                yield break;
            yield return item;
        }
    }

    /// <summary>The typed views of a kind, in all namespaces or one. Read-only.</summary>
    public IEnumerable<T> List<T>(Kind<T> kind, string? ns)
        where T : ResourceObject => List(kind.GroupResource, ns, after: null).Select(r => r.View(kind));

    /// <summary>How many resources of a kind there are.</summary>
    public int Count(GroupResource resource) => _partitions.TryGetValue(resource, out var set) ? set.Count : 0;

    internal static View Load(long revision, IEnumerable<Resource> resources) =>
        new(revision, resources
            .GroupBy(r => r.Key.GroupResource)
            .ToImmutableDictionary(g => g.Key, g => g.ToImmutableSortedSet(ByNamespaceAndName.Instance)));

    internal View With(LogEntry entry)
    {
        var set = _partitions.GetValueOrDefault(entry.Key.GroupResource, _none).Remove(Probe(entry.Key));
        if (entry.Type != ChangeType.Delete)
            set = set.Add(new Resource(entry.Key, entry.Revision, entry.Json));
        return new View(entry.Revision, _partitions.SetItem(entry.Key.GroupResource, set));
    }

    private static Resource Probe(ResourceKey key) => new(key, 0, default);

    private static int IndexAfter(ImmutableSortedSet<Resource> set, ResourceKey key, bool inclusive)
    {
        var index = set.IndexOf(Probe(key));
        if (index < 0)
            return ~index;
        return inclusive ? index : index + 1;
    }

    private sealed class ByNamespaceAndName : IComparer<Resource>
    {
        public static readonly ByNamespaceAndName Instance = new();

        public int Compare(Resource? x, Resource? y)
        {
            var byNamespace = string.CompareOrdinal(x!.Key.Namespace, y!.Key.Namespace);
            return byNamespace != 0 ? byNamespace : string.CompareOrdinal(x.Key.Name, y.Key.Name);
        }
    }
}

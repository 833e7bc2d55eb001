using System.Collections.Immutable;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>
/// All resources at one revision. Immutable: a reader that holds a view sees one consistent state however long it
/// takes, and never waits for writers.
/// </summary>
public sealed class View
{
    private readonly ImmutableDictionary<GroupResource, ResourceTree> _partitions;

    private View(long revision, ImmutableDictionary<GroupResource, ResourceTree> partitions)
    {
        Revision = revision;
        _partitions = partitions;
    }

    /// <summary>The state of an empty log.</summary>
    public static View Empty { get; } = new(0, ImmutableDictionary<GroupResource, ResourceTree>.Empty);

    /// <summary>The newest revision the view contains.</summary>
    public long Revision { get; }

    /// <summary>One resource, or null.</summary>
    public Resource? Get(ResourceKey key) =>
        _partitions.TryGetValue(key.GroupResource, out var tree) ? tree.Get(key.Namespace, key.Name) : null;

    /// <summary>The typed view of one resource, or null. Read-only, like <see cref="Resource.View{T}(Kind{T})"/>.</summary>
    public T? Get<T>(Kind<T> kind, string ns, string name)
        where T : ResourceObject => Get(kind.Key(ns, name))?.View(kind);

    /// <summary>
    /// The resources of a kind ordered by namespace and name; of one namespace when <paramref name="ns"/> is given;
    /// only those after a position when <paramref name="after"/> is given.
    /// </summary>
    public IEnumerable<Resource> List(GroupResource resource, string? ns, ResourceKey? after)
    {
        if (!_partitions.TryGetValue(resource, out var tree))
            return [];
        if (after is { } position && (ns is null || string.CompareOrdinal(position.Namespace, ns) >= 0))
            return InNamespace(tree.From(position.Namespace, position.Name, isInclusive: false), ns);
        return InNamespace(tree.From(ns ?? "", "", isInclusive: true), ns);
    }

    /// <summary>The typed views of a kind, in all namespaces or one. Read-only.</summary>
    public IEnumerable<T> List<T>(Kind<T> kind, string? ns)
        where T : ResourceObject => List(kind.GroupResource, ns, after: null).Select(r => r.View(kind));

    /// <summary>How many resources of a kind there are.</summary>
    public int Count(GroupResource resource) => _partitions.TryGetValue(resource, out var tree) ? tree.Count : 0;

    /// <summary>Stands for a kind's resources: the same object as long as none of them is written. Null while there are none.</summary>
    public object? StateOf(GroupResource resource) => _partitions.GetValueOrDefault(resource);

    internal static View Load(long revision, IEnumerable<Resource> resources) =>
        new(revision, resources.GroupBy(r => r.Key.GroupResource).ToImmutableDictionary(g => g.Key, ResourceTree.Create));

    /// <summary>The view with one entry applied; <paramref name="resource"/> is its new version, or its last when it was deleted.</summary>
    internal View With(ChangeType type, Resource resource)
    {
        var key = resource.Key;
        var tree = _partitions.GetValueOrDefault(key.GroupResource, ResourceTree.Empty);
        tree = type == ChangeType.Delete ? tree.Remove(key.Namespace, key.Name) : tree.Set(resource);
        return new View(resource.Revision, _partitions.SetItem(key.GroupResource, tree));
    }

    private static IEnumerable<Resource> InNamespace(IEnumerable<Resource> resources, string? ns) =>
        ns is null ? resources : resources.TakeWhile(r => r.Key.Namespace == ns);
}

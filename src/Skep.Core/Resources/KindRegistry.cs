using System.Diagnostics.CodeAnalysis;

namespace Skep.Core.Resources;

/// <summary>All kinds of a running program. Immutable once built; safe to share between threads.</summary>
public sealed class KindRegistry
{
    private readonly Dictionary<GroupResource, Kind> _byResource = [];
    private readonly Dictionary<(string ApiVersion, string Name), Kind> _byName = [];

    /// <summary>Makes a registry; two kinds with one name in a group are a programming error.</summary>
    public KindRegistry(IEnumerable<Kind> kinds)
    {
        foreach (var kind in kinds)
        {
            _byResource.Add(kind.GroupResource, kind);
            _byName.Add((kind.ApiVersion, kind.Name), kind);
        }
    }

    /// <summary>Every kind, ordered by group and plural.</summary>
    public IEnumerable<Kind> All => _byResource.Values.OrderBy(k => k.Group, StringComparer.Ordinal).ThenBy(k => k.Plural, StringComparer.Ordinal);

    /// <summary>Finds a kind by group and plural.</summary>
    public bool TryGet(GroupResource resource, [NotNullWhen(true)] out Kind? kind) => _byResource.TryGetValue(resource, out kind);

    /// <summary>Finds a kind by the apiVersion and kind of a document.</summary>
    public bool TryGet(string apiVersion, string name, [NotNullWhen(true)] out Kind? kind) => _byName.TryGetValue((apiVersion, name), out kind);

    /// <summary>The kind of a key that is known to exist.</summary>
    public Kind this[GroupResource resource] => _byResource[resource];
}

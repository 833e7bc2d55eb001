using System.Collections.Frozen;
using Skep.Core.Resources;

namespace Skep.Core.Store;

/// <summary>Which kinds a watch wants: one, some, or all.</summary>
internal readonly struct WatchFilter : IEquatable<WatchFilter>
{
    private readonly GroupResource? _only;
    private readonly FrozenSet<GroupResource>? _some;

    /// <summary>One kind, or all when it is null.</summary>
    public WatchFilter(GroupResource? only) => _only = only;

    /// <summary>Some kinds.</summary>
    public WatchFilter(IEnumerable<GroupResource> some) => _some = some.ToFrozenSet();

    /// <summary>Whether events of a kind are wanted.</summary>
    public bool Wants(GroupResource resource) =>
        _some is not null ? _some.Contains(resource) : _only is not { } only || only == resource;

    /// <inheritdoc/>
    public bool Equals(WatchFilter other) => _only == other._only && ReferenceEquals(_some, other._some);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is WatchFilter other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_only, _some);
}

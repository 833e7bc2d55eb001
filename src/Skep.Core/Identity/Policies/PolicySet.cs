namespace Skep.Core.Identity.Policies;

/// <summary>The policies that a request has to do with.</summary>
public sealed record PolicySet
{
    /// <summary>What is attached to the principal: to the user and its groups, or to the role.</summary>
    public IReadOnlyList<Policy> Identity { get; init; } = [];

    /// <summary>The resource's own policy, such as a bucket's; null for none.</summary>
    public Policy? Resource { get; init; }

    /// <summary>The principal's permissions boundary; null for none.</summary>
    public Policy? Boundary { get; init; }

    /// <summary>Policies that a session was begun with; empty for none.</summary>
    public IReadOnlyList<Policy> Session { get; init; } = [];
}

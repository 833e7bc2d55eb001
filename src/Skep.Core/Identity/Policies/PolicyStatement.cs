using Skep.Core.Identity.Policies.Conditions;

namespace Skep.Core.Identity.Policies;

/// <summary>A statement of a policy. Immutable.</summary>
public sealed class PolicyStatement
{
    internal PolicyStatement()
    {
    }

    /// <summary>Its place in the policy, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Its Sid, or null.</summary>
    public string? Sid { get; init; }

    /// <summary>What it does where it applies.</summary>
    public required PolicyEffect Effect { get; init; }

    internal PrincipalElement? Principal { get; init; }

    internal bool IsNotAction { get; init; }

    internal IReadOnlyList<PolicyPattern> Actions { get; init; } = [];

    internal bool IsNotResource { get; init; }

    internal IReadOnlyList<PolicyPattern> Resources { get; init; } = [];

    internal IReadOnlyList<PolicyCondition> Conditions { get; init; } = [];

    /// <summary>For messages and the audit log: its Sid, or else its number.</summary>
    public override string ToString() => Sid is null ? $"statement {Index}" : $"statement {Index} ({Sid})";

    /// <summary>Whether it applies, and how it names whoever asks; Named where statements name nobody.</summary>
    internal PrincipalMatch Match(PolicyRequest request)
    {
        if (!IsAction(request) || !IsResource(request))
            return PrincipalMatch.None;
        var match = Principal?.Match(request.Principal) ?? PrincipalMatch.Named;
        if (match is PrincipalMatch.None)
            return match;
        foreach (var condition in Conditions)
        {
            if (!condition.Holds(request, Effect))
                return PrincipalMatch.None;
        }

        return match;
    }

    private bool IsAction(PolicyRequest request)
    {
        foreach (var action in Actions)
        {
            if (action.IsMatch(request.Action, request, ignoreCase: true, out _))
                return !IsNotAction;
        }

        return IsNotAction;
    }

    private bool IsResource(PolicyRequest request)
    {
        // Trust policies have no resource: it is the role that they belong to.
        if (Resources.Count == 0)
            return true;
        var isUnresolved = false;
        foreach (var resource in Resources)
        {
            if (resource.IsArnMatch(request.Resource, request, out var isThisUnresolved))
                return !IsNotResource;
            isUnresolved |= isThisUnresolved;
        }

        // "All but the unknown" allows nothing and denies everything.
        return IsNotResource && !(isUnresolved && Effect is PolicyEffect.Allow);
    }
}

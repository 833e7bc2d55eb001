namespace Skep.Core.Identity.Policies;

/// <summary>
/// Puts policies together (IAM user guide, "Policy evaluation logic"): an explicit deny anywhere wins. Within an account
/// either the resource's policy or the principal's own must allow; across accounts both. A permissions boundary and
/// session policies allow nothing, they limit what others allow. Pure; thread-safe.
/// </summary>
public static class PolicyEvaluator
{
    /// <summary>Whether a request may be done, and what decided it.</summary>
    public static PolicyDecision Evaluate(PolicySet policies, PolicyRequest request)
    {
        if (FindDeny(policies, request) is { } deny)
            return deny;
        var (resource, match) = FindAllow(policies.Resource, request);
        var principal = request.Principal;
        // Nobody, services and people known elsewhere belong to no account, so that the resource's policy alone decides.
        if (principal.AccountId.Length == 0)
            return resource is null ? Implicit(PolicySource.Resource) : Allow(PolicySource.Resource, resource);

        var isSameAccount = principal.AccountId == request.ResourceAccount;
        var limit = FindLimit(policies, request);
        if (isSameAccount && match > PrincipalMatch.Account && !IsLimited(principal, match, limit))
            return Allow(PolicySource.Resource, resource);
        if (!isSameAccount && resource is null)
            return Implicit(PolicySource.Resource);
        var identity = FindAllow(policies.Identity, request);
        if (identity is null && principal.Kind is not PolicyPrincipalKind.Root)
            return Implicit(PolicySource.Identity);
        if (limit is { } limiting)
            return Implicit(limiting);
        return isSameAccount ? Allow(PolicySource.Identity, identity) : Allow(PolicySource.Resource, resource);
    }

    /// <summary>
    /// Whether a limit reaches what the resource's policy allows: a session policy does unless the very session is named; a
    /// boundary does for roles, but not for a user or a session that is named.
    /// </summary>
    private static bool IsLimited(PolicyPrincipal principal, PrincipalMatch match, PolicySource? limit) => limit switch
    {
        null => false,
        _ when match is PrincipalMatch.Session => false,
        PolicySource.Session => true,
        _ => principal.Kind is not PolicyPrincipalKind.User,
    };

    private static PolicyDecision? FindDeny(PolicySet policies, PolicyRequest request)
    {
        foreach (var policy in policies.Identity)
        {
            if (FindDeny(policy, request, PolicySource.Identity) is { } deny)
                return deny;
        }

        foreach (var policy in policies.Session)
        {
            if (FindDeny(policy, request, PolicySource.Session) is { } deny)
                return deny;
        }

        return FindDeny(policies.Resource, request, PolicySource.Resource) ?? FindDeny(policies.Boundary, request, PolicySource.Boundary);
    }

    private static PolicyDecision? FindDeny(Policy? policy, PolicyRequest request, PolicySource source)
    {
        if (policy is null)
            return null;
        foreach (var statement in policy.Statements)
        {
            if (statement.Effect is PolicyEffect.Deny && statement.Match(request) is not PrincipalMatch.None)
                return new PolicyDecision(PolicyOutcome.ExplicitDeny, source, statement);
        }

        return null;
    }

    /// <summary>The limit that does not allow it; null when all do. The session's before the boundary, as it reaches further.</summary>
    private static PolicySource? FindLimit(PolicySet policies, PolicyRequest request)
    {
        if (policies.Session.Count > 0 && FindAllow(policies.Session, request) is null)
            return PolicySource.Session;
        return policies.Boundary is { } boundary && FindAllow(boundary, request).Statement is null ? PolicySource.Boundary : null;
    }

    private static PolicyStatement? FindAllow(IReadOnlyList<Policy> policies, PolicyRequest request)
    {
        foreach (var policy in policies)
        {
            if (FindAllow(policy, request).Statement is { } statement)
                return statement;
        }

        return null;
    }

    /// <summary>The allowing statement that names whoever asks most closely.</summary>
    private static (PolicyStatement? Statement, PrincipalMatch Match) FindAllow(Policy? policy, PolicyRequest request)
    {
        (PolicyStatement? Statement, PrincipalMatch Match) best = default;
        foreach (var statement in policy?.Statements ?? [])
        {
            if (statement.Effect is PolicyEffect.Allow && statement.Match(request) is var match && match > best.Match)
                best = (statement, match);
        }

        return best;
    }

    private static PolicyDecision Allow(PolicySource source, PolicyStatement? statement) => new(PolicyOutcome.Allow, source, statement);

    private static PolicyDecision Implicit(PolicySource source) => new(PolicyOutcome.ImplicitDeny, source, null);
}

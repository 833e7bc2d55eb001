namespace Skep.Core.Identity.Policies;

/// <summary>The Principal or NotPrincipal of a statement (IAM user guide, "AWS JSON policy elements: Principal").</summary>
internal sealed class PrincipalElement(bool isNegated, IReadOnlyList<PrincipalName> names)
{
    /// <summary>Whether everybody is named.</summary>
    public bool IsEverybody => isNegated || names.Any(n => n.Kind is PrincipalNameKind.Everybody);

    /// <summary>How somebody is named.</summary>
    public PrincipalMatch Match(PolicyPrincipal principal)
    {
        var best = PrincipalMatch.None;
        foreach (var name in names)
        {
            var match = name.Match(principal);
            if (match > best)
                best = match;
        }

        if (!isNegated)
            return best;
        // To name an account excepts its root and nobody else in it.
        return best is PrincipalMatch.None or PrincipalMatch.Account ? PrincipalMatch.Everybody : PrincipalMatch.None;
    }
}

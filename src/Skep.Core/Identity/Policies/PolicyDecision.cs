namespace Skep.Core.Identity.Policies;

/// <summary>The answer to a request.</summary>
/// <param name="Outcome">What the policies say together.</param>
/// <param name="Source">Which policy decided; after an implicit deny the one that would have had to allow.</param>
/// <param name="Statement">The statement that decided; null after an implicit deny, and where an account's root needs none.</param>
public readonly record struct PolicyDecision(PolicyOutcome Outcome, PolicySource Source, PolicyStatement? Statement)
{
    /// <summary>Whether it may be done.</summary>
    public bool IsAllowed => Outcome is PolicyOutcome.Allow;

    /// <summary>For the audit log, and for whoever asked: "an explicit deny in the resource policy, statement 2 (NoHttp)".</summary>
    public string Reason
    {
        get
        {
            var where = Source switch
            {
                PolicySource.Identity => "identity policy",
                PolicySource.Resource => "resource policy",
                PolicySource.Boundary => "permissions boundary",
                _ => "session policy",
            };
            return (Outcome, Statement) switch
            {
                (PolicyOutcome.ExplicitDeny, _) => $"an explicit deny in the {where}, {Statement}",
                (PolicyOutcome.Allow, null) => "the root of the resource's account",
                (PolicyOutcome.Allow, _) => $"allowed by the {where}, {Statement}",
                _ => $"no {where} allows it",
            };
        }
    }
}

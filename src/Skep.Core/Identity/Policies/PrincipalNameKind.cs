namespace Skep.Core.Identity.Policies;

/// <summary>Sorts of names in a Principal element.</summary>
internal enum PrincipalNameKind
{
    /// <summary>"*".</summary>
    Everybody,

    /// <summary>AWS: an account, by its id or its root's ARN.</summary>
    Account,

    /// <summary>AWS: the ARN of a user, a role or a session, or the unique id of a user or role.</summary>
    Named,

    /// <summary>Service.</summary>
    Service,

    /// <summary>Federated.</summary>
    Federated,

    /// <summary>CanonicalUser.</summary>
    CanonicalUser,
}

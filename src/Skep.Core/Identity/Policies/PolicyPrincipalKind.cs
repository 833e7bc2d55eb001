namespace Skep.Core.Identity.Policies;

/// <summary>Sorts of principals, which policies treat differently.</summary>
public enum PolicyPrincipalKind
{
    /// <summary>Nobody in particular: an unsigned request.</summary>
    Anonymous,

    /// <summary>The account itself.</summary>
    Root,

    /// <summary>A user.</summary>
    User,

    /// <summary>A session of a role.</summary>
    AssumedRole,

    /// <summary>A session of somebody known elsewhere.</summary>
    Federated,

    /// <summary>A service.</summary>
    Service,
}

namespace Skep.Core.Identity.Policies;

/// <summary>How a statement names somebody; later is closer.</summary>
internal enum PrincipalMatch
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By the account, which leaves it to the account's own policies.</summary>
    Account,

    /// <summary>As everybody.</summary>
    Everybody,

    /// <summary>By name: a user, a role, the root itself, a service.</summary>
    Named,

    /// <summary>By the very session.</summary>
    Session,
}

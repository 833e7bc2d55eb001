namespace Skep.S3.Acls;

/// <summary>Somebody may do something.</summary>
/// <param name="Account">The account; null for a group.</param>
/// <param name="Group">The group; null for an account.</param>
/// <param name="Permission">What.</param>
internal sealed record AclGrant(string? Account, AclGroup? Group, AclPermission Permission)
{
    /// <summary>Whether the grant gives a permission to an account; empty for nobody in particular.</summary>
    public bool Gives(string accountId, AclPermission permission) =>
        (Permission == permission || Permission is AclPermission.FullControl)
        && (Group switch
        {
            AclGroup.AllUsers => true,
            AclGroup.AuthenticatedUsers => accountId.Length > 0,
            AclGroup.LogDelivery => false,
            _ => Account == accountId && accountId.Length > 0,
        });
}

/// <summary>S3's predefined groups.</summary>
internal enum AclGroup
{
    /// <summary>Anybody, also without a signature.</summary>
    AllUsers,

    /// <summary>Anybody with an account here.</summary>
    AuthenticatedUsers,

    /// <summary>The service that delivers access logs.</summary>
    LogDelivery,
}

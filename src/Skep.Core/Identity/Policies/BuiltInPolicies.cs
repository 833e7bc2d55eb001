namespace Skep.Core.Identity.Policies;

/// <summary>Policies that come with Skep, by AWS's names.</summary>
public static class BuiltInPolicies
{
    /// <summary>Allows everything; what members of <see cref="Principal.MastersGroup"/> have attached.</summary>
    public static Policy AdministratorAccess { get; } = Policy.Parse(
        """{"Version":"2012-10-17","Statement":[{"Sid":"AdministratorAccess","Effect":"Allow","Action":"*","Resource":"*"}]}"""u8, PolicyRules.Identity);

    /// <summary>
    /// The policies attached to a user. Until the identity directory holds policies, masters have
    /// <see cref="AdministratorAccess"/> and all others have none: a resource's policy must allow them what they do.
    /// </summary>
    public static IReadOnlyList<Policy> Of(Principal principal) => principal.IsMaster ? [AdministratorAccess] : [];
}

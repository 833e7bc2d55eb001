using System.Text;

namespace Skep.Core.Identity.Policies;

/// <summary>Policies that come with Skep, by the names that AWS gives to its own.</summary>
public static class BuiltInPolicies
{
    /// <summary>Allows everything.</summary>
    public static Policy AdministratorAccess { get; } = Allow("""["*"]""");

    /// <summary>Allows everything of S3.</summary>
    public static Policy AmazonS3FullAccess { get; } = Allow("""["s3:*"]""");

    /// <summary>Allows to read and list in S3.</summary>
    public static Policy AmazonS3ReadOnlyAccess { get; } = Allow("""["s3:Get*","s3:List*"]""");

    /// <summary>
    /// The policies of a user as long as the identity directory holds none: masters have
    /// <see cref="AdministratorAccess"/>; all others may read, as <see cref="Authorization.GroupAuthorizer"/> lets them.
    /// </summary>
    public static IReadOnlyList<Policy> Of(Principal principal) => principal.IsMaster ? [AdministratorAccess] : [AmazonS3ReadOnlyAccess];

    private static Policy Allow(string actions) => Policy.Parse(
        Encoding.UTF8.GetBytes($$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":{{actions}},"Resource":"*"}]}"""), PolicyRules.Identity);
}

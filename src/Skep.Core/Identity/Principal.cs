namespace Skep.Core.Identity;

/// <summary>Who makes a request, whatever dialect it came by.</summary>
/// <param name="Name">The user's name, or a Kubernetes name such as "system:node:a".</param>
/// <param name="AccountId">The 12-digit account.</param>
/// <param name="Namespace">The account's namespace.</param>
/// <param name="Arn">arn:aws:iam::… of the user.</param>
/// <param name="UserId">AIDA… of the user.</param>
/// <param name="Groups">Groups, for the resource API.</param>
public sealed record Principal(
    string Name,
    string AccountId,
    string Namespace,
    string Arn,
    string UserId,
    IReadOnlyList<string> Groups)
{
    /// <summary>The group whose members may do everything.</summary>
    public const string MastersGroup = "system:masters";

    /// <summary>The group whose members may do everything in their own account's buckets, and nothing more elsewhere.</summary>
    public const string AccountAdministratorsGroup = "skep:account-administrators";

    /// <summary>Whether this principal may do everything.</summary>
    public bool IsMaster => Groups.Contains(MastersGroup);
}

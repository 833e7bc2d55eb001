using System.Collections.Frozen;

namespace Skep.Core.Identity.Policies;

/// <summary>Who asks, in the words of policies. Immutable.</summary>
public sealed record PolicyPrincipal
{
    /// <summary>Nobody in particular.</summary>
    public static PolicyPrincipal Anonymous { get; } = new() { Kind = PolicyPrincipalKind.Anonymous, AccountId = "", Arn = "", UserId = "anonymous" };

    /// <summary>The sort.</summary>
    public required PolicyPrincipalKind Kind { get; init; }

    /// <summary>The 12-digit account; empty for nobody, for services and for who is known only elsewhere.</summary>
    public required string AccountId { get; init; }

    /// <summary>The name of the account's namespace, by which an ARN in a policy may name the account too; null where there is none.</summary>
    public string? AccountName { get; init; }

    /// <summary>The ARN: of the user, of the role's session, of the account's root. For services the name: "logging.s3.amazonaws.com".</summary>
    public required string Arn { get; init; }

    /// <summary>aws:userid: AIDA… of a user, AROA…:session of a role's session, the account of its root.</summary>
    public required string UserId { get; init; }

    /// <summary>aws:username; users alone have it.</summary>
    public string? UserName { get; init; }

    /// <summary>For a role's session: the role's ARN, arn:aws:iam::ACCOUNT:role/NAME.</summary>
    public string? RoleArn { get; init; }

    /// <summary>S3's canonical user id, 64 hex digits, of the account; null where there is none.</summary>
    public string? CanonicalUserId { get; init; }

    /// <summary>The provider that knows a federated principal: "cognito-identity.amazonaws.com", or its ARN.</summary>
    public string? Provider { get; init; }

    /// <summary>Tags, for aws:PrincipalTag/…; names compare without case.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>A user of the identity directory.</summary>
    public static PolicyPrincipal Of(Principal principal) => new()
    {
        Kind = PolicyPrincipalKind.User,
        AccountId = principal.AccountId,
        AccountName = principal.Namespace,
        Arn = principal.Arn,
        UserId = principal.UserId,
        UserName = principal.Name,
    };
}

namespace Skep.Core.Identity.Policies;

/// <summary>What a policy must look like in the place it is for.</summary>
public sealed record PolicyRules
{
    /// <summary>Policies of users, groups and roles, session policies, permissions boundaries: they name no principal.</summary>
    public static PolicyRules Identity { get; } = new() { BytesMax = 6_144, HasPrincipal = false, HasResource = true };

    /// <summary>A role's trust policy: who may assume it.</summary>
    public static PolicyRules Trust { get; } = new() { BytesMax = 2_048, HasPrincipal = true, HasResource = false };

    /// <summary>Bytes that the document may have.</summary>
    public required int BytesMax { get; init; }

    /// <summary>Whether a statement must have Principal or NotPrincipal; where it need not, it may not.</summary>
    public required bool HasPrincipal { get; init; }

    /// <summary>Whether a statement must have Resource or NotResource; where it need not, it may not.</summary>
    public required bool HasResource { get; init; }

    /// <summary>The service whose actions alone may be named; null for any.</summary>
    public string? Service { get; init; }

    /// <summary>An ARN that every resource must be or be under, as patterns; null for anything.</summary>
    public string? ResourceRoot { get; init; }

    /// <summary>The policy of an S3 bucket: S3's actions, on that bucket and what is in it, at most 20 KiB.</summary>
    public static PolicyRules Bucket(string bucket) => new()
    {
        BytesMax = 20_480,
        HasPrincipal = true,
        HasResource = true,
        Service = "s3",
        ResourceRoot = $"arn:aws:s3:::{bucket}",
    };
}

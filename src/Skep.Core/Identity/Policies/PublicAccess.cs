using System.Collections.Frozen;

namespace Skep.Core.Identity.Policies;

/// <summary>What S3 means by public.</summary>
internal static class PublicAccess
{
    /// <summary>Keys that say who asks or from where, lower case.</summary>
    private static readonly FrozenSet<string> _narrowingKeys = new[]
    {
        "aws:principalorgid", "aws:principalaccount", "aws:principalarn", "aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce",
        "aws:sourceowner", "aws:sourceaccount", "aws:userid", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a statement gives something to the public.</summary>
    public static bool IsPublic(PolicyStatement statement) =>
        statement.Effect is PolicyEffect.Allow
        && statement.Principal is { IsEverybody: true }
        && !statement.Conditions.Any(c => c.IsNarrow && _narrowingKeys.Contains(c.Key));
}

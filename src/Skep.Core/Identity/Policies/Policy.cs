namespace Skep.Core.Identity.Policies;

/// <summary>
/// A policy in AWS's language (IAM user guide, "IAM JSON policy reference"), read once and asked often. Immutable and
/// thread-safe; asking it allocates nothing unless it has policy variables.
/// </summary>
public sealed class Policy
{
    internal Policy(string version, string? id, IReadOnlyList<PolicyStatement> statements)
    {
        Version = version;
        Id = id;
        Statements = statements;
    }

    /// <summary>2012-10-17, or 2008-10-17, which has no policy variables.</summary>
    public string Version { get; }

    /// <summary>Its Id, or null.</summary>
    public string? Id { get; }

    /// <summary>Its statements, at least one.</summary>
    public IReadOnlyList<PolicyStatement> Statements { get; }

    /// <summary>
    /// Whether it is public, for GetBucketPolicyStatus and Block Public Access (S3 user guide, "Blocking public access", "The
    /// meaning of public"): whether a statement allows something to everybody, and no condition ties it to fixed values of a
    /// key that says who or whence.
    /// </summary>
    public bool IsPublic => Statements.Any(PublicAccess.IsPublic);

    /// <summary>Reads a policy.</summary>
    /// <param name="json">The document, UTF-8.</param>
    /// <param name="rules">What it is for.</param>
    /// <exception cref="PolicyException">It is no policy, or none for that.</exception>
    public static Policy Parse(ReadOnlySpan<byte> json, PolicyRules rules) => new PolicyReader(json, rules).Read();
}

using Skep.Core.Identity;

namespace Skep.S3.Access;

/// <summary>Who makes a request.</summary>
/// <param name="Signature">How the caller proved it; null for nobody in particular.</param>
internal sealed record S3Caller(SigV4Identity? Signature)
{
    /// <summary>A request without a signature.</summary>
    public static S3Caller Anonymous { get; } = new((SigV4Identity?)null);

    /// <summary>Who; null for nobody in particular.</summary>
    public Principal? Principal => Signature?.Principal;

    /// <summary>Whether the request has no signature.</summary>
    public bool IsAnonymous => Principal is null;

    /// <summary>The caller's account; empty for nobody.</summary>
    public string AccountId => Principal?.AccountId ?? "";
}

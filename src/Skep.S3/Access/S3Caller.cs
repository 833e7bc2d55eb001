using Skep.Core.Identity;

namespace Skep.S3.Access;

/// <summary>Who makes a request.</summary>
/// <param name="Principal">Null for nobody in particular.</param>
internal sealed record S3Caller(Principal? Principal)
{
    /// <summary>A request without a signature.</summary>
    public static S3Caller Anonymous { get; } = new((Principal?)null);

    /// <summary>Whether the request has no signature.</summary>
    public bool IsAnonymous => Principal is null;

    /// <summary>The caller's account; empty for nobody.</summary>
    public string AccountId => Principal?.AccountId ?? "";
}

namespace Skep.Core.Identity;

/// <summary>Who signed a request, and for what.</summary>
/// <param name="Principal">Who.</param>
/// <param name="Scope">The key that signed, and the day, region and service it signed for.</param>
/// <param name="Carrier">Where the signature was.</param>
/// <param name="Time">When it was signed, as the client says; within what the verifier accepts.</param>
/// <param name="Chain">What the signatures of a streamed body's chunks go on from. For one body only.</param>
public sealed record SigV4Identity(Principal Principal, SigV4Scope Scope, SigV4Carrier Carrier, DateTimeOffset Time, SigV4Chain Chain)
{
    /// <summary>The scheme: <see cref="SigV4.Algorithm"/> or <see cref="SigV2.Algorithm"/>.</summary>
    public string Algorithm { get; init; } = SigV4.Algorithm;

    /// <summary>Whether the signature was in the query.</summary>
    public bool IsPresigned => Carrier is SigV4Carrier.Query;
}

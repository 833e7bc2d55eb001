namespace Skep.Core.Identity;

/// <summary>
/// A request's signature, or what the signature says of its body, was refused. Reading a body can throw it as well, see
/// <see cref="Payloads.PayloadStream"/>.
/// </summary>
public sealed class SigV4Exception(SigV4Failure failure, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public SigV4Failure Failure { get; } = failure;

    /// <summary>For <see cref="SigV4Failure.Mismatch"/> of a whole request: what was calculated here, to compare with the client's.</summary>
    public SigV4Calculation? Calculation { get; init; }
}

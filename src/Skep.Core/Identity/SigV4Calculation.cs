namespace Skep.Core.Identity;

/// <summary>
/// What S3 puts into a SignatureDoesNotMatch document, so that the author of a client finds the difference. Holds nothing
/// that the client does not know.
/// </summary>
/// <param name="AccessKeyId">The key that the request names.</param>
/// <param name="StringToSign">The string to sign as calculated here.</param>
/// <param name="SignatureProvided">What the client sent.</param>
/// <param name="CanonicalRequest">The canonical request as calculated here; null for forms, which have none.</param>
public sealed record SigV4Calculation(string AccessKeyId, string StringToSign, string SignatureProvided, string? CanonicalRequest);

using System.Globalization;
using System.Text;

namespace Skep.Core.Identity.Payloads;

/// <summary>
/// What an S3 request's head says of its body (S3 API reference, "Authenticating requests: Authorization header" and
/// "query parameters"). Nothing is checked against the body yet: <see cref="PayloadStream"/> does that.
/// </summary>
public sealed record PayloadDeclaration
{
    /// <summary>Trailers that one body may have.</summary>
    internal const int TrailersMax = 16;

    private const string HashName = "x-amz-content-sha256";
    private const string Expected =
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, " +
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER or a SHA-256 in lower-case hex";

    private PayloadDeclaration(PayloadMode mode, string canonicalHash)
    {
        Mode = mode;
        CanonicalHash = canonicalHash;
    }

    /// <summary>How the body is covered.</summary>
    public PayloadMode Mode { get; }

    /// <summary>What the signature covers in the body's place: for <see cref="SigV4Request.PayloadHash"/>.</summary>
    public string CanonicalHash { get; }

    /// <summary>The SHA-256 the whole body must have, lower-case hex; only for <see cref="PayloadMode.Hashed"/>.</summary>
    public string? Sha256 { get; private init; }

    /// <summary>Bytes of the body without its framing; always set for aws-chunked bodies, never for others.</summary>
    public long? DecodedLength { get; private init; }

    /// <summary>Lower-case names of the trailers that x-amz-trailer announces.</summary>
    public IReadOnlyList<string> TrailerNames { get; private init; } = [];

    /// <summary>Whether the body is framed as aws-chunked.</summary>
    public bool IsChunked => DecodedLength is not null;

    /// <summary>Reads what a request says of its body.</summary>
    /// <param name="query">The raw query.</param>
    /// <param name="headers">The request's headers; names in any case.</param>
    /// <exception cref="SigV4Exception">MissingPayloadHash, InvalidPayloadHash, UnsupportedAlgorithm, MissingLength, MalformedTrailer.</exception>
    public static PayloadDeclaration Read(string query, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var request = new SigV4Request("", "", query, headers, "");
        var header = request.Header(HashName);
        var canonical = header;
        if (request.Header("Authorization") is null)
        {
            // A presigned URL is made before its body is known: only a hash that was signed with it counts.
            var (signedHeaders, parameter) = Parameters(query);
            if (header is null || !signedHeaders.Split(';').Contains(HashName, StringComparer.OrdinalIgnoreCase))
                canonical = parameter ?? SigV4.UnsignedPayload;
            header ??= canonical;
        }

        else if (request.Header("Authorization")!.StartsWith(SigV2.HeaderPrefix, StringComparison.Ordinal))
        {
            canonical = header ??= SigV4.UnsignedPayload;
        }

        if (header is null || canonical is null)
            throw new SigV4Exception(SigV4Failure.MissingPayloadHash, $"Missing required header for this request: {HashName}");
        return Of(header, canonical, request);
    }

    private static PayloadDeclaration Of(string word, string canonical, SigV4Request request) => word switch
    {
        SigV4.UnsignedPayload => new(PayloadMode.Unsigned, canonical),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Chunked(PayloadMode.SignedChunks, canonical, request),
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Chunked(PayloadMode.SignedChunksWithTrailer, canonical, request),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Chunked(PayloadMode.UnsignedChunksWithTrailer, canonical, request),
        _ when word.StartsWith("STREAMING-AWS4-ECDSA-P256-SHA256-", StringComparison.Ordinal) =>
            throw new SigV4Exception(SigV4Failure.UnsupportedAlgorithm, $"{word}: SigV4A (ECDSA) is not supported. Please use {SigV4.Algorithm}."),
        { Length: 64 } when word.All(char.IsAsciiHexDigit) => new(PayloadMode.Hashed, canonical) { Sha256 = word.ToLowerInvariant() },
        _ => throw new SigV4Exception(SigV4Failure.InvalidPayloadHash, $"{Expected}, not '{(word.Length <= 64 ? word : word[..64])}'."),
    };

    private static PayloadDeclaration Chunked(PayloadMode mode, string canonical, SigV4Request request)
    {
        const string LengthName = "x-amz-decoded-content-length";
        var text = request.Header(LengthName)
            ?? throw new SigV4Exception(SigV4Failure.MissingLength, $"A streamed body requires the header {LengthName}.");
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            throw new SigV4Exception(SigV4Failure.MissingLength, $"{LengthName} must be a number of bytes, not '{(text.Length <= 32 ? text : text[..32])}'.");
        var trailers = mode is PayloadMode.SignedChunks
            ? []
            : (request.Header("x-amz-trailer") ?? "").ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (trailers.Length > TrailersMax || trailers.Distinct(StringComparer.Ordinal).Count() != trailers.Length)
            throw new SigV4Exception(SigV4Failure.MalformedTrailer, $"x-amz-trailer must name at most {TrailersMax} different trailers.");
        return new(mode, canonical) { DecodedLength = length, TrailerNames = trailers };
    }

    private static (string SignedHeaders, string? PayloadHash) Parameters(string query)
    {
        var signedHeaders = "";
        string? hash = null;
        foreach (var (name, value) in SigV4.Parameters(query))
        {
            if (name.AsSpan().SequenceEqual("X-Amz-SignedHeaders"u8))
                signedHeaders = Encoding.UTF8.GetString(value);
            else if (name.AsSpan().SequenceEqual("X-Amz-Content-Sha256"u8))
                hash = Encoding.UTF8.GetString(value);
        }

        return (signedHeaders, hash);
    }
}

using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.Objects.Checksums;
using Skep.S3.Errors;

namespace Skep.S3.Requests;

/// <summary>The x-amz-checksum-… headers: names of the algorithms, reading and writing.</summary>
internal static class ChecksumHeaders
{
    private const string HeaderPrefix = "x-amz-checksum-";

    private static readonly (ChecksumAlgorithm Algorithm, string Name)[] _names =
    [
        (ChecksumAlgorithm.Crc32, "CRC32"),
        (ChecksumAlgorithm.Crc32C, "CRC32C"),
        (ChecksumAlgorithm.Crc64Nvme, "CRC64NVME"),
        (ChecksumAlgorithm.Sha1, "SHA1"),
        (ChecksumAlgorithm.Sha256, "SHA256"),
    ];

    /// <summary>An algorithm's name in the API.</summary>
    public static string NameOf(ChecksumAlgorithm algorithm) => Array.Find(_names, n => n.Algorithm == algorithm).Name;

    /// <summary>A type's name in the API.</summary>
    public static string NameOf(ChecksumType type) => type is ChecksumType.Composite ? "COMPOSITE" : "FULL_OBJECT";

    /// <summary>The algorithm of a name.</summary>
    /// <exception cref="S3Exception">There is none of that name.</exception>
    public static ChecksumAlgorithm Parse(string name)
    {
        return Find(name)
            ?? throw S3Errors.InvalidRequest($"Checksum algorithm provided is unsupported: {(name.Length <= 64 ? name : name[..64])}. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
    }

    /// <summary>The type of a name.</summary>
    /// <exception cref="S3Exception">There is none of that name.</exception>
    public static ChecksumType ParseType(string name) => name switch
    {
        "COMPOSITE" => ChecksumType.Composite,
        "FULL_OBJECT" => ChecksumType.FullObject,
        _ => throw S3Errors.InvalidRequest($"Value for x-amz-checksum-type header is invalid: {(name.Length <= 64 ? name : name[..64])}"),
    };

    /// <summary>The checksum of an upload: which, and what it must be, in a header or in a trailer that comes after the body.</summary>
    /// <exception cref="S3Exception">There are several, or it is malformed.</exception>
    public static (ChecksumAlgorithm? Algorithm, Func<ReadOnlyMemory<byte>?>? Expected) Read(S3Call call)
    {
        foreach (var header in call.Http.Request.Headers)
        {
            if (header.Key.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase) && !IsKnown(header.Key.AsSpan(HeaderPrefix.Length)))
                throw S3Errors.InvalidRequest("The algorithm type you specified in x-amz-checksum- header is invalid.");
        }

        (ChecksumAlgorithm Algorithm, byte[] Value)? found = null;
        foreach (var (algorithm, name) in _names)
        {
            if (call.Header(HeaderPrefix + name) is not { } text)
                continue;
            if (found is not null)
                throw S3Errors.InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
            found = (algorithm, ParseValue(algorithm, text));
        }

        if (found is { } value)
            return (value.Algorithm, () => value.Value);
        if (call.Header("x-amz-trailer") is { } trailer && trailer.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase))
        {
            if (Find(trailer.AsSpan(HeaderPrefix.Length)) is not { } algorithm)
                throw S3Errors.InvalidRequest("The value specified in the x-amz-trailer header is not supported");
            return (algorithm, () => call.Body.Trailer(trailer) is { } text ? (ReadOnlyMemory<byte>?)ParseTrailer(algorithm, text) : null);
        }

        return call.Header("x-amz-sdk-checksum-algorithm") is { } named ? (Parse(named), null) : (null, null);
    }

    /// <summary>For operations where S3 wants to be sure that it has what was sent.</summary>
    /// <exception cref="S3Exception">The request has neither a Content-MD5 nor a checksum.</exception>
    public static void RequireDigest(S3Call call)
    {
        if (call.Header("Content-MD5") is null && Read(call).Algorithm is null)
            throw S3Errors.InvalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    }

    private static ChecksumAlgorithm? Find(ReadOnlySpan<char> name)
    {
        foreach (var (algorithm, known) in _names)
        {
            if (name.Equals(known, StringComparison.OrdinalIgnoreCase))
                return algorithm;
        }

        return null;
    }

    private static bool IsKnown(ReadOnlySpan<char> name) => Find(name) is not null
        || name.Equals("mode", StringComparison.OrdinalIgnoreCase) || name.Equals("type", StringComparison.OrdinalIgnoreCase) || name.Equals("algorithm", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a digest.</summary>
    /// <exception cref="S3Exception">It is no base64 or of another length.</exception>
    public static byte[] ParseValue(ChecksumAlgorithm algorithm, string text) =>
        TryParseValue(algorithm, text) ?? throw S3Errors.Of("BadDigest", 400, $"Value for {HeaderPrefix}{NameOf(algorithm).ToLowerInvariant()} header is invalid.");

    private static byte[] ParseTrailer(ChecksumAlgorithm algorithm, string text) =>
        TryParseValue(algorithm, text) ?? throw S3Errors.InvalidRequest($"Value for {HeaderPrefix}{NameOf(algorithm).ToLowerInvariant()} trailing header is invalid.");

    private static byte[]? TryParseValue(ChecksumAlgorithm algorithm, string text)
    {
        var value = new byte[ChecksumHasher.SizeBytes(algorithm)];
        // A composite checksum says how many parts it is of: "…-3".
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return Convert.TryFromBase64String(dash < 0 ? text : text[..dash], value, out var written) && written == value.Length ? value : null;
    }

    /// <summary>Checks a body that was read as a whole.</summary>
    /// <exception cref="S3Exception">BadDigest.</exception>
    public static void Verify(BodyClaims claims, ReadOnlySpan<byte> body)
    {
        if (claims is not { Checksum: { } algorithm, ChecksumExpected: { } expected } || expected() is not { } value)
            return;
        using var hasher = ChecksumHasher.Create(algorithm);
        hasher.Append(body);
        if (!hasher.Finish().AsSpan().SequenceEqual(value.Span))
            throw S3Errors.BadDigest(algorithm);
    }

    /// <summary>A checksum as it is shown: base64, and of how many parts when it is composite.</summary>
    public static string Format(ObjectChecksum checksum, int partCount) =>
        Convert.ToBase64String(checksum.Value.Span) + (checksum.Type is ChecksumType.Composite ? $"-{partCount}" : "");

    /// <summary>The element of a checksum in XML.</summary>
    public static string ElementOf(ChecksumAlgorithm algorithm) => "Checksum" + NameOf(algorithm);

    /// <summary>Says an object's checksum in an answer's headers.</summary>
    public static void Write(IHeaderDictionary headers, ObjectChecksum? checksum, int partCount, bool withType)
    {
        if (checksum is null)
            return;
        headers[HeaderPrefix + NameOf(checksum.Algorithm).ToLowerInvariant()] = Format(checksum, partCount);
        if (withType)
            headers["x-amz-checksum-type"] = NameOf(checksum.Type);
    }
}

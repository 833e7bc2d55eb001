using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Objects;
using Skep.S3.Errors;

namespace Skep.S3.Requests;

/// <summary>A request's body: its bytes as they are to be stored, and what the sender claims of them.</summary>
internal sealed class S3Body
{
    /// <summary>The most that one request may upload: 5 GiB.</summary>
    public const long BytesMax = 5L * 1024 * 1024 * 1024;

    private const string StreamingPrefix = "STREAMING-";

    private readonly Func<Stream> _open;
    private readonly long? _lengthBytes;
    private readonly Func<string, string?>? _trailer;

    private S3Body(Func<Stream> open, long? lengthBytes, Func<string, string?>? trailer = null)
    {
        _open = open;
        _lengthBytes = lengthBytes;
        _trailer = trailer;
    }

    /// <summary>The body of a request whose signature was not looked at yet.</summary>
    public static S3Body Unread { get; } = new(static () => throw new InvalidOperationException("the request is not authenticated yet"), lengthBytes: null);

    /// <summary>The body of a request.</summary>
    /// <param name="call">The request.</param>
    /// <param name="payloadHash">x-amz-content-sha256; null when the client does not say.</param>
    public static S3Body Of(S3Call call, string? payloadHash)
    {
        var request = call.Http.Request;
        if (payloadHash is null or SigV4.UnsignedPayload)
            return new S3Body(() => request.Body, request.ContentLength);
        if (payloadHash.StartsWith(StreamingPrefix, StringComparison.Ordinal))
            throw S3Errors.NotImplementedHeader("x-amz-content-sha256");
        if (payloadHash.Length != 2 * SHA256.HashSizeInBytes || !payloadHash.All(char.IsAsciiHexDigitLower))
            throw S3Errors.InvalidArgument("x-amz-content-sha256", payloadHash, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.");
        return new S3Body(() => new PayloadHashStream(request.Body, payloadHash), request.ContentLength);
    }

    /// <summary>The bytes, to be read once.</summary>
    public Stream Open() => _open();

    /// <summary>A trailer that came after the bytes; null when there was none. Known once the body was read to its end.</summary>
    public string? Trailer(string name) => _trailer?.Invoke(name);

    /// <summary>What the request's headers claim of an upload's body.</summary>
    /// <exception cref="S3Exception">A length is missing or too large, or a digest is malformed.</exception>
    public BodyClaims Claims(S3Call call)
    {
        if (_lengthBytes is null && call.Header("Transfer-Encoding") is null)
            throw S3Errors.MissingContentLength();
        if (_lengthBytes > BytesMax)
            throw S3Errors.TooLarge(BytesMax);
        var checksum = ChecksumHeaders.Read(call);
        return new BodyClaims
        {
            LengthBytes = _lengthBytes,
            LengthBytesMax = BytesMax,
            Md5 = ReadMd5(call),
            Checksum = checksum.Algorithm,
            ChecksumExpected = checksum.Expected,
        };
    }

    /// <summary>Reads a short body as a whole.</summary>
    /// <exception cref="S3Exception">It is longer than allowed, or not what its digest says.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAllAsync(S3Call call, int bytesMax, CancellationToken ct)
    {
        var claims = Claims(call);
        if (_lengthBytes > bytesMax)
            throw S3Errors.MaxMessageLengthExceeded(bytesMax);
        var bytes = new MemoryStream();
        var stream = Open();
        var buffer = new byte[8_192];
        while (await stream.ReadAsync(buffer, ct) is > 0 and var count)
        {
            if (bytes.Length + count > bytesMax)
                throw S3Errors.MaxMessageLengthExceeded(bytesMax);
            bytes.Write(buffer, 0, count);
        }

        var all = bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
        if (claims.Md5 is { } md5 && !md5.Span.SequenceEqual(MD5.HashData(all.Span)))
            throw S3Errors.BadDigest("The Content-MD5 you specified did not match what we received.");
        ChecksumHeaders.Verify(claims, all.Span);
        return all;
    }

    private static ReadOnlyMemory<byte>? ReadMd5(S3Call call)
    {
        if (!call.Http.Request.Headers.TryGetValue("Content-MD5", out var values))
            return null;
        var digest = new byte[MD5.HashSizeInBytes];
        var text = values.ToString();
        return Convert.TryFromBase64String(text, digest, out var written) && written == digest.Length ? digest : throw S3Errors.InvalidDigest(text);
    }
}

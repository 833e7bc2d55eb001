using System.Security.Cryptography;
using Skep.Core.Identity;
using Skep.Core.Identity.Payloads;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Requests;

/// <summary>A request's body: its bytes as they are to be stored, and what the sender claims of them.</summary>
internal sealed class S3Body
{
    /// <summary>The most that one request may upload: 5 GiB.</summary>
    public const long BytesMax = 5L * 1024 * 1024 * 1024;

    /// <summary>How long a client may send nothing in the middle of a body.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly PayloadStream? _stream;

    /// <summary>The body of a request.</summary>
    /// <param name="call">The request.</param>
    /// <param name="declaration">What its head says of the body.</param>
    /// <param name="identity">Who signed; null for nobody.</param>
    /// <param name="time">The clock.</param>
    public S3Body(S3Call call, PayloadDeclaration declaration, SigV4Identity? identity, TimeProvider time)
    {
        var body = new PatientStream(call.Http.Request.Body, _patience, time, call.Http.RequestAborted);
        call.Response.RegisterForDispose(body);
        _stream = PayloadStream.Open(body, declaration, identity, call.Http.Request.ContentLength, BytesMax);
        call.Response.RegisterForDispose(_stream);
    }

    private S3Body()
    {
    }

    /// <summary>The body of a request whose signature was not looked at yet.</summary>
    public static S3Body Unread { get; } = new();

    /// <summary>The bytes, to be read once.</summary>
    public PayloadStream Stream => _stream ?? throw new InvalidOperationException("the request is not authenticated yet");

    /// <summary>How many bytes the sender says there are; null where it did not.</summary>
    public long? PayloadLength => _stream?.PayloadLength;

    /// <summary>Whether the body was read to its end.</summary>
    public bool IsRead => _stream is { IsVerified: true };

    /// <summary>A trailer that came after the bytes; null when there was none. Known once the body was read to its end.</summary>
    public string? Trailer(string name) => Stream.Trailers.GetValueOrDefault(name.ToLowerInvariant());

    /// <summary>Whether the request does not speak of a body at all.</summary>
    public bool IsMissing(S3Call call) => Stream.PayloadLength is null && call.Header("Transfer-Encoding") is null;

    /// <summary>What the request's headers claim of an upload's body.</summary>
    /// <exception cref="S3Exception">A length is missing or too large, or a digest is malformed.</exception>
    public BodyClaims Claims(S3Call call)
    {
        if (IsMissing(call))
            throw S3Errors.MissingContentLength();
        var checksum = ChecksumHeaders.Read(call);
        return new BodyClaims
        {
            LengthBytes = Stream.PayloadLength,
            LengthBytesMax = BytesMax,
            Md5 = ReadMd5(call),
            Checksum = checksum.Algorithm,
            ChecksumExpected = checksum.Expected,
        };
    }

    /// <summary>Reads the body as XML; the request's checksum headers are not of it, but of the object.</summary>
    /// <exception cref="S3Exception">It is longer than allowed, or no XML.</exception>
    public async Task<XmlElement> ReadDocumentAsync(S3Call call, CancellationToken ct) =>
        XmlDocumentReader.Read(await ReadAllAsync(BodyClaims.None with { Md5 = ReadMd5(call) }, XmlDocumentReader.BytesMax, ct));

    /// <summary>Reads a short body as a whole.</summary>
    /// <exception cref="S3Exception">It is longer than allowed, or not what its digest says.</exception>
    public Task<ReadOnlyMemory<byte>> ReadAllAsync(S3Call call, int bytesMax, CancellationToken ct) => ReadAllAsync(Claims(call), bytesMax, ct);

    private async Task<ReadOnlyMemory<byte>> ReadAllAsync(BodyClaims claims, int bytesMax, CancellationToken ct)
    {
        if (Stream.PayloadLength > bytesMax)
            throw S3Errors.MaxMessageLengthExceeded(bytesMax);
        var bytes = new MemoryStream();
        var buffer = new byte[8_192];
        while (await Stream.ReadAsync(buffer, ct) is > 0 and var count)
        {
            if (bytes.Length + count > bytesMax)
                throw S3Errors.MaxMessageLengthExceeded(bytesMax);
            bytes.Write(buffer, 0, count);
        }

        var all = bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
        if (claims.Md5 is { } md5 && !md5.Span.SequenceEqual(MD5.HashData(all.Span)))
            throw S3Errors.BadDigest(checksum: null);
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

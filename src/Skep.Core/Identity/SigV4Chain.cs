using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity;

/// <summary>
/// The chain of signatures over a body that is signed chunk by chunk: each covers its chunk and the signature before it,
/// the first that of the request itself (S3 API reference, "Signature calculations: transferring payload in multiple
/// chunks"). Belongs to one body; not thread-safe.
/// </summary>
public sealed class SigV4Chain
{
    private const string ChunkAlgorithm = "AWS4-HMAC-SHA256-PAYLOAD";
    private const string TrailerAlgorithm = "AWS4-HMAC-SHA256-TRAILER";

    private readonly byte[] _signingKey;
    private readonly string _dateAndScope;

    /// <summary>A chain that begins with a request's signature.</summary>
    /// <param name="signingKey">From <see cref="SigV4.SigningKey"/>.</param>
    /// <param name="scope">The request's scope.</param>
    /// <param name="date">The request's time in <see cref="SigV4.DateFormat"/>.</param>
    /// <param name="seedSignature">The request's signature, lower-case hex.</param>
    public SigV4Chain(byte[] signingKey, SigV4Scope scope, string date, string seedSignature)
    {
        _signingKey = signingKey;
        _dateAndScope = $"{date}\n{scope.Text}";
        Previous = seedSignature;
    }

    /// <summary>The last signature, lower-case hex; at first the request's own.</summary>
    public string Previous { get; private set; }

    /// <summary>The signature of the next chunk, lower-case hex.</summary>
    /// <param name="sha256">The SHA-256 of the chunk's data, 32 bytes.</param>
    public string NextChunk(ReadOnlySpan<byte> sha256) =>
        Next($"{ChunkAlgorithm}\n{_dateAndScope}\n{Previous}\n{SigV4Request.EmptyPayloadHash}\n{Convert.ToHexStringLower(sha256)}");

    /// <summary>The signature of the trailers, lower-case hex.</summary>
    /// <param name="sha256">The SHA-256 of the lines <c>name:value\n</c>, 32 bytes.</param>
    public string NextTrailer(ReadOnlySpan<byte> sha256) =>
        Next($"{TrailerAlgorithm}\n{_dateAndScope}\n{Previous}\n{Convert.ToHexStringLower(sha256)}");

    private string Next(string stringToSign) =>
        Previous = Convert.ToHexStringLower(HMACSHA256.HashData(_signingKey, Encoding.UTF8.GetBytes(stringToSign)));
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity.Payloads;

/// <summary>
/// Writes an aws-chunked body of known length (S3 API reference, "Transferring payload in multiple chunks"): the other
/// side of what <see cref="PayloadStream"/> reads. With a chain every chunk and the trailer are signed. Belongs to one
/// body; not thread-safe.
/// </summary>
/// <param name="destination">Where to write.</param>
/// <param name="chain">The chain that begins with the request's signature; null for unsigned chunks.</param>
public sealed class AwsChunkedWriter(Stream destination, SigV4Chain? chain)
{
    private const string SignatureExtension = ";chunk-signature=";
    private const string TrailerSignature = "x-amz-trailer-signature";
    private const int SignatureLength = 64;
    private const int LineEndLength = 2;

    private readonly byte[] _hash = new byte[SHA256.HashSizeInBytes];

    /// <summary>Bytes that a body has on the wire.</summary>
    /// <param name="lengthBytes">Its own length.</param>
    /// <param name="chunkBytes">Bytes of every chunk but the last.</param>
    /// <param name="isSigned">Whether chunks are signed.</param>
    /// <param name="trailerName">The name of a trailer; null for none.</param>
    /// <param name="trailerValueLength">Characters of its value.</param>
    public static long EncodedLength(long lengthBytes, int chunkBytes, bool isSigned, string? trailerName, int trailerValueLength)
    {
        var (full, rest) = Math.DivRem(lengthBytes, chunkBytes);
        var total = (full * FrameLength(chunkBytes, isSigned)) + (rest > 0 ? FrameLength((int)rest, isSigned) : 0) + lengthBytes;
        // The last chunk is empty; after its line come the trailers, and an empty line.
        total += HeaderLength(0, isSigned) + LineEndLength;
        if (trailerName is not null)
            total += trailerName.Length + 1 + trailerValueLength + LineEndLength + (isSigned ? TrailerSignature.Length + 1 + SignatureLength + LineEndLength : 0);
        return total;
    }

    /// <summary>Writes a chunk; it is not empty.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> chunk, CancellationToken ct)
    {
        await destination.WriteAsync(Header(chunk), ct);
        await destination.WriteAsync(chunk, ct);
        await destination.WriteAsync("\r\n"u8.ToArray(), ct);
    }

    /// <summary>Writes the last chunk and a trailer.</summary>
    /// <param name="trailerName">Its name, lower-case; null for none.</param>
    /// <param name="trailerValue">Its value.</param>
    /// <param name="ct">Cancels.</param>
    public async ValueTask FinishAsync(string? trailerName, string trailerValue, CancellationToken ct)
    {
        var end = new StringBuilder(Encoding.ASCII.GetString(Header(ReadOnlyMemory<byte>.Empty)));
        if (trailerName is not null)
        {
            end.Append(trailerName).Append(':').Append(trailerValue).Append("\r\n");
            if (chain is not null)
                end.Append(TrailerSignature).Append(':').Append(chain.NextTrailer(SHA256.HashData(Encoding.ASCII.GetBytes($"{trailerName}:{trailerValue}\n")))).Append("\r\n");
        }

        await destination.WriteAsync(Encoding.ASCII.GetBytes(end.Append("\r\n").ToString()), ct);
    }

    private byte[] Header(ReadOnlyMemory<byte> chunk)
    {
        var text = chunk.Length.ToString("x", CultureInfo.InvariantCulture);
        if (chain is not null)
        {
            SHA256.HashData(chunk.Span, _hash);
            text += SignatureExtension + chain.NextChunk(_hash);
        }

        return Encoding.ASCII.GetBytes(text + "\r\n");
    }

    private static int FrameLength(int chunkBytes, bool isSigned) => HeaderLength(chunkBytes, isSigned) + LineEndLength;

    private static int HeaderLength(int chunkBytes, bool isSigned) =>
        chunkBytes.ToString("x", CultureInfo.InvariantCulture).Length + (isSigned ? SignatureExtension.Length + SignatureLength : 0) + LineEndLength;
}

using System.Buffers;
using System.Net;
using Skep.Core.Identity;
using Skep.Core.Identity.Payloads;
using Skep.Objects;
using Skep.Objects.Checksums;
using Skep.Objects.Rules;
using Skep.S3.Requests;

namespace Skep.S3.Upstream;

/// <summary>
/// A body on its way through: read from the client, verified, written to the server behind, with one buffer and never
/// ahead of the server. Its last bytes are held back until all that the client claims of it was verified, so that the
/// server never gets a whole body that is not what it should be.
/// </summary>
/// <param name="source">Where the bytes come from.</param>
/// <param name="digests">Verifies.</param>
/// <param name="lengthBytes">The body's length.</param>
/// <param name="trailer">The checksum that goes after the body; null for none.</param>
/// <param name="answerTimeout">What the server may take after the last byte.</param>
internal sealed class UpstreamBody(Stream source, BodyDigests digests, long lengthBytes, ChecksumAlgorithm? trailer, TimeSpan answerTimeout) : HttpContent
{
    private const int ChunkBytes = 128 * 1024;

    /// <summary>How long the server may take to take a chunk.</summary>
    private static readonly TimeSpan _writeTimeout = TimeSpan.FromSeconds(60);

    private SigV4Chain? _chain;
    private CancellationTokenSource? _timeout;
    private bool _isChunked;
    private bool _isSigned;

    /// <summary>The body's length.</summary>
    public long LengthBytes => lengthBytes;

    /// <summary>Why the client's side failed; null when it did not.</summary>
    public Exception? SourceFailure { get; private set; }

    /// <summary>Whether any of it was read: it cannot be sent again then.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>The trailer's name; null for none.</summary>
    public string? TrailerName => trailer is { } algorithm ? $"x-amz-checksum-{ChecksumHeaders.NameOf(algorithm).ToLowerInvariant()}" : null;

    /// <summary>
    /// Decides the body's form: over TLS it is plain, or in chunks when a trailer follows; without, in chunks that are signed.
    /// </summary>
    /// <returns>What stands for the payload's hash in the signature.</returns>
    public string Choose(bool isSecure)
    {
        _isSigned = !isSecure;
        _isChunked = _isSigned || trailer is not null;
        if (!_isChunked)
            return SigV4.UnsignedPayload;
        var form = _isSigned ? "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" : "STREAMING-UNSIGNED-PAYLOAD";
        return trailer is null ? form : form + "-TRAILER";
    }

    /// <summary>The headers that tell of the form.</summary>
    public IEnumerable<KeyValuePair<string, string>> FormHeaders()
    {
        if (!_isChunked)
            yield break;
        yield return new("x-amz-decoded-content-length", lengthBytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (TrailerName is not { } name)
            yield break;
        yield return new("x-amz-trailer", name);
    }

    /// <summary>Gives what is known only once the request is signed.</summary>
    public void Attach(SigV4Chain? chain, CancellationTokenSource timeout) => (_chain, _timeout) = (_isSigned ? chain : null, timeout);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        IsBegun = true;
        var writer = _isChunked ? new AwsChunkedWriter(stream, _chain) : null;
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var left = lengthBytes;
            do
            {
                var chunk = buffer.AsMemory(0, (int)Math.Min(ChunkBytes, left));
                // The client may take its time.
                _timeout?.CancelAfter(Timeout.InfiniteTimeSpan);
                left -= chunk.Length;
                await ReadAsync(chunk, isLast: left == 0, cancellationToken);
                _timeout?.CancelAfter(_writeTimeout);
                if (chunk.Length > 0)
                    await (writer?.WriteAsync(chunk, cancellationToken) ?? stream.WriteAsync(chunk, cancellationToken));
            }
            while (left > 0);
            if (writer is not null)
                await writer.FinishAsync(TrailerName, trailer is null ? "" : Convert.ToBase64String(digests.Checksum!.Value.Span), cancellationToken);
            _timeout?.CancelAfter(answerTimeout);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        var valueLength = trailer is { } algorithm ? (ChecksumHasher.SizeBytes(algorithm) + 2) / 3 * 4 : 0;
        length = _isChunked ? AwsChunkedWriter.EncodedLength(lengthBytes, ChunkBytes, _isSigned, TrailerName, valueLength) : lengthBytes;
        return true;
    }

    /// <summary>Verifies a body of no bytes before anything is sent: all of it is there once the request's head is.</summary>
    public static async ValueTask VerifyEmptyAsync(Stream source, BodyDigests digests, CancellationToken ct)
    {
        var more = new byte[1];
        if (await source.ReadAsync(more, ct) > 0)
            digests.Append(more);
        digests.Finish();
    }

    private async ValueTask ReadAsync(Memory<byte> chunk, bool isLast, CancellationToken ct)
    {
        try
        {
            var count = await source.ReadAtLeastAsync(chunk, chunk.Length, throwOnEndOfStream: false, ct);
            digests.Append(chunk.Span[..count]);
            if (count == chunk.Length && !isLast)
                return;
            var more = new byte[1];
            if (count == chunk.Length && await source.ReadAsync(more, ct) > 0)
                digests.Append(more);
            digests.Finish();
        }
        catch (Exception ex)
        {
            SourceFailure = ex;
            throw;
        }
    }
}

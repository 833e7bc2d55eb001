using System.Diagnostics.CodeAnalysis;

namespace Skep.Core.Identity.Payloads;

/// <summary>
/// An S3 request's body without its framing, checked against what the request's head says of it while it is read. Use no
/// byte for good before <see cref="IsVerified"/>: only then have the length, the hash or the signatures, and the trailers
/// been found right. When the length is known beforehand, the last bytes are handed on only after that, so that reading
/// exactly that many bytes is enough; an empty body must still be read once.
/// Any failure is final: later reads fail likewise. Forward only, asynchronous only, one reader at a time. Does not own the
/// body it reads.
/// </summary>
public abstract class PayloadStream : Stream
{
    private readonly long? _length;
    private readonly long _lengthMax;
    private Exception? _failure;
    private long _position;

    private protected PayloadStream(long? length, long lengthMax)
    {
        if (length > lengthMax)
            throw TooLarge(length.Value, lengthMax);
        _length = length;
        _lengthMax = lengthMax;
    }

    /// <summary>Whether the whole body was read and found right.</summary>
    public bool IsVerified { get; private set; }

    /// <summary>Bytes that the body will have, without framing; null when the request does not say.</summary>
    public long? PayloadLength => _length;

    /// <summary>Trailers by lower-case name; empty until <see cref="IsVerified"/>.</summary>
    public IReadOnlyDictionary<string, string> Trailers { get; private protected set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException("A request's body has no length in advance; see PayloadLength.");

    /// <summary>Bytes handed on so far; cannot be set.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("A request's body cannot be read twice.");
    }

    /// <summary>Opens a request's body.</summary>
    /// <param name="body">The body as it comes.</param>
    /// <param name="declaration">What the head says of it.</param>
    /// <param name="identity">Who signed; null for anonymous requests, whose body cannot be signed in chunks.</param>
    /// <param name="contentLength">Content-Length, with framing; null when there is none.</param>
    /// <param name="lengthMax">Bytes the body may have, without framing.</param>
    /// <exception cref="SigV4Exception">EntityTooLarge, Missing. Reads throw PayloadHashMismatch, IncompleteBody,
    /// EntityTooLarge, MalformedChunk, MalformedTrailer, Mismatch.</exception>
    public static PayloadStream Open(Stream body, PayloadDeclaration declaration, SigV4Identity? identity, long? contentLength, long lengthMax)
    {
        if (!declaration.IsChunked)
            return new WholePayloadStream(body, declaration.Sha256, contentLength, lengthMax);
        var chain = declaration.Mode is PayloadMode.UnsignedChunksWithTrailer ? null : identity?.Chain
            ?? throw new SigV4Exception(SigV4Failure.Missing, "A body that is signed in chunks needs a request that is signed.");
        return new AwsChunkedStream(body, declaration, chain, lengthMax);
    }

    /// <inheritdoc/>
    public sealed override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_failure is not null)
            throw Repeat(_failure);
        if (IsVerified || buffer.IsEmpty)
            return 0;
        try
        {
            var read = _position == _length ? 0 : await ReadPayloadAsync(buffer, cancellationToken);
            _position += read;
            if (_position > _lengthMax)
                throw TooLarge(_position, _lengthMax);
            if (read == 0 || _position == _length)
                await FinishAsync(cancellationToken);
            return read;
        }
        catch (Exception ex)
        {
            _failure = ex;
            throw;
        }
    }

    /// <inheritdoc/>
    [SuppressMessage("Usage", "MA0042", Justification = "There is nothing synchronous to call.")]
    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public sealed override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A request's body cannot be read twice.");

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("A request's body is not written.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A request's body is not written.");

    /// <summary>The next bytes of the body; 0 at its end. Never asked for more than was announced.</summary>
    private protected abstract ValueTask<int> ReadPayloadAsync(Memory<byte> buffer, CancellationToken ct);

    /// <summary>Reads what stands behind the last byte and judges the whole.</summary>
    private protected abstract ValueTask FinishPayloadAsync(long position, CancellationToken ct);

    private protected static SigV4Exception Incomplete(string message) => new(SigV4Failure.IncompleteBody, message);

    private async ValueTask FinishAsync(CancellationToken ct)
    {
        if (_length is { } length && _position < length)
            throw Incomplete($"The body has {_position} bytes, but {length} were announced.");
        await FinishPayloadAsync(_position, ct);
        IsVerified = true;
    }

    /// <summary>The same refusal as a new exception: one that is thrown twice loses where it came from.</summary>
    private static Exception Repeat(Exception failure) => failure is SigV4Exception refused
        ? new SigV4Exception(refused.Failure, refused.Message)
        : new IOException($"An earlier read of the body failed: {failure.Message}", failure);

    private static SigV4Exception TooLarge(long length, long lengthMax) =>
        new(SigV4Failure.EntityTooLarge, $"Your proposed upload of {length} bytes exceeds the maximum allowed size of {lengthMax} bytes.");
}

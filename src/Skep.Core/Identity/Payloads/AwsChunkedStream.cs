using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity.Payloads;

/// <summary>
/// An aws-chunked body (S3 API reference, "Signature calculations for the Authorization header: transferring payload in
/// multiple chunks", with and without trailers). A signed chunk of up to <see cref="VerifiedAheadBytesMax"/> is handed on
/// after its signature was checked; of a larger one the last bytes are. Memory is bounded by that and one read buffer.
/// </summary>
internal sealed class AwsChunkedStream : PayloadStream
{
    /// <summary>Bytes of a chunk that are kept until their signature was checked. Clients send 64 KiB to 1 MiB.</summary>
    public const int VerifiedAheadBytesMax = 1 << 20;

    /// <summary>Bytes of framing, and of what comes with it, that are read at once.</summary>
    private const int InputBytes = 16_384;

    private readonly Stream _body;
    private readonly PayloadDeclaration _declaration;
    private readonly SigV4Chain? _chain;
    private readonly IncrementalHash? _hash;

    private byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private int _inputStart;
    private int _inputEnd;

    private byte[] _verified = [];
    private int _verifiedStart;
    private int _verifiedEnd;

    private long _announced;
    private long _chunkLeft;
    private string? _chunkSignature;
    private bool _isDisposed;

    public AwsChunkedStream(Stream body, PayloadDeclaration declaration, SigV4Chain? chain, long lengthMax)
        : base(declaration.DecodedLength, lengthMax)
    {
        _body = body;
        _declaration = declaration;
        _chain = chain;
        _hash = chain is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    private protected override async ValueTask<int> ReadPayloadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_verifiedStart == _verifiedEnd && _chunkLeft == 0 && !await OpenChunkAsync(ct))
            throw Incomplete($"The last chunk comes after {Position} bytes, but {PayloadLength} were announced in x-amz-decoded-content-length.");
        if (_verifiedStart < _verifiedEnd)
        {
            var count = Math.Min(buffer.Length, _verifiedEnd - _verifiedStart);
            _verified.AsMemory(_verifiedStart, count).CopyTo(buffer);
            _verifiedStart += count;
            return count;
        }

        var read = await ReadDataAsync(buffer, ct);
        if (_chunkLeft == 0)
            await CloseChunkAsync(ct);
        return read;
    }

    private protected override async ValueTask FinishPayloadAsync(long position, CancellationToken ct)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (await OpenChunkAsync(ct))
            throw Incomplete($"The body goes on after the {PayloadLength} bytes that were announced in x-amz-decoded-content-length.");
        CheckChunkSignature();
        var section = await ReadToEndAsync(TrailerSection.LengthMax, ct);
        if (_declaration.Mode is not PayloadMode.SignedChunks)
            Trailers = TrailerSection.Read(section.Span, _declaration.TrailerNames, _chain);
        else if (!section.Span.SequenceEqual("\r\n"u8))
            throw section.Length < 2 ? Truncated() : ChunkHeader.Malformed("only a line's end may follow the last chunk");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_input);
            if (_verified.Length > 0)
                ArrayPool<byte>.Shared.Return(_verified);
            _hash?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Reads the next chunk's line, and the chunk itself if it is verified ahead; false at the last chunk.</summary>
    private async ValueTask<bool> OpenChunkAsync(CancellationToken ct)
    {
        var line = await ReadLineAsync(ct);
        var (size, signature) = ChunkHeader.Parse(line.Span, isSigned: _chain is not null);
        _chunkSignature = signature;
        if (size == 0)
            return false;
        if (size > PayloadLength - _announced)
            throw Incomplete($"A chunk of {size} bytes after {_announced} is more than the {PayloadLength} bytes that were announced in x-amz-decoded-content-length.");
        _announced += size;
        _chunkLeft = size;
        if (_chain is null || size > VerifiedAheadBytesMax)
            return true;
        var end = 0;
        while (_chunkLeft > 0)
        {
            if (end == _verified.Length)
                Grow(end, (int)size);
            end += await ReadDataAsync(_verified.AsMemory(end), ct);
        }

        await CloseChunkAsync(ct);
        (_verifiedStart, _verifiedEnd) = (0, end);
        return true;
    }

    /// <summary>Makes room as the chunk arrives: its announcement alone costs nothing.</summary>
    private void Grow(int filled, int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(size, Math.Max(InputBytes, filled * 2)));
        _verified.AsSpan(0, filled).CopyTo(larger);
        if (_verified.Length > 0)
            ArrayPool<byte>.Shared.Return(_verified);
        _verified = larger;
    }

    private async ValueTask CloseChunkAsync(CancellationToken ct)
    {
        await FillAsync(2, ct);
        if (_input[_inputStart] != '\r' || _input[_inputStart + 1] != '\n')
            throw ChunkHeader.Malformed("a chunk is longer than its size says");
        _inputStart += 2;
        CheckChunkSignature();
    }

    private void CheckChunkSignature()
    {
        if (_chain is null)
            return;
        Span<byte> sha256 = stackalloc byte[SHA256.HashSizeInBytes];
        _hash!.GetHashAndReset(sha256);
        var expected = _chain.NextChunk(sha256);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(_chunkSignature!)))
            throw new SigV4Exception(SigV4Failure.Mismatch, $"The signature of the chunk that ends at byte {_announced} does not match the one calculated here.");
    }

    /// <summary>Some bytes of the open chunk, from what was read with the framing first.</summary>
    private async ValueTask<int> ReadDataAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (buffer.Length > _chunkLeft)
            buffer = buffer[..(int)_chunkLeft];
        int read;
        if (_inputStart < _inputEnd)
        {
            read = Math.Min(buffer.Length, _inputEnd - _inputStart);
            _input.AsMemory(_inputStart, read).CopyTo(buffer);
            _inputStart += read;
        }
        else
        {
            read = await _body.ReadAsync(buffer, ct);
            if (read == 0)
                throw Truncated();
        }

        _hash?.AppendData(buffer.Span[..read]);
        _chunkLeft -= read;
        return read;
    }

    /// <summary>A line without its CR LF; valid until the next read.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken ct)
    {
        while (true)
        {
            var length = _input.AsSpan(_inputStart, _inputEnd - _inputStart).IndexOf((byte)'\n');
            if (length >= 0)
            {
                if (length == 0 || _input[_inputStart + length - 1] != '\r')
                    throw ChunkHeader.Malformed("a chunk's line must end with CR LF");
                var line = _input.AsMemory(_inputStart, length - 1);
                _inputStart += length + 1;
                return line;
            }

            var available = _inputEnd - _inputStart;
            if (available > ChunkHeader.LengthMax + 1)
                throw ChunkHeader.Malformed($"a chunk's line is longer than {ChunkHeader.LengthMax} bytes");
            await FillAsync(available + 1, ct);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadToEndAsync(int lengthMax, CancellationToken ct)
    {
        while (await TryFillAsync(_inputEnd - _inputStart + 1, ct))
        {
            if (_inputEnd - _inputStart > lengthMax)
                throw new SigV4Exception(SigV4Failure.MalformedTrailer, $"More than {lengthMax} bytes follow the last chunk.");
        }

        return _input.AsMemory(_inputStart, _inputEnd - _inputStart);
    }

    private async ValueTask FillAsync(int count, CancellationToken ct)
    {
        if (!await TryFillAsync(count, ct))
            throw Truncated();
    }

    /// <summary>Has at least this many bytes in the input; false when the body ends before.</summary>
    private async ValueTask<bool> TryFillAsync(int count, CancellationToken ct)
    {
        while (_inputEnd - _inputStart < count)
        {
            if (_inputStart > 0)
            {
                _input.AsSpan(_inputStart, _inputEnd - _inputStart).CopyTo(_input);
                (_inputStart, _inputEnd) = (0, _inputEnd - _inputStart);
            }

            var read = await _body.ReadAsync(_input.AsMemory(_inputEnd, InputBytes - _inputEnd), ct);
            if (read == 0)
                return false;
            _inputEnd += read;
        }

        return true;
    }

    private static SigV4Exception Truncated() => Incomplete("The body ends within the aws-chunked framing.");
}

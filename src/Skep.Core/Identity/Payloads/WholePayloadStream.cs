using System.Security.Cryptography;

namespace Skep.Core.Identity.Payloads;

/// <summary>A body without framing, with or without a hash that it must have.</summary>
internal sealed class WholePayloadStream : PayloadStream
{
    private readonly Stream _body;
    private readonly string? _sha256;
    private readonly IncrementalHash? _hash;

    public WholePayloadStream(Stream body, string? sha256, long? contentLength, long lengthMax)
        : base(contentLength, lengthMax)
    {
        _body = body;
        _sha256 = sha256;
        _hash = sha256 is null ? null : IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    }

    private protected override async ValueTask<int> ReadPayloadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        // More than was announced is not read: it would belong to something else.
        if (PayloadLength is { } length && length - Position < buffer.Length)
            buffer = buffer[..(int)(length - Position)];
        var read = await _body.ReadAsync(buffer, ct);
        _hash?.AppendData(buffer.Span[..read]);
        return read;
    }

    private protected override ValueTask FinishPayloadAsync(long position, CancellationToken ct)
    {
        if (_hash is null)
            return ValueTask.CompletedTask;
        var actual = Convert.ToHexStringLower(_hash.GetHashAndReset());
        if (actual != _sha256)
            throw new SigV4Exception(SigV4Failure.PayloadHashMismatch, $"The provided 'x-amz-content-sha256' header, {_sha256}, does not match what was computed, {actual}.");
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash?.Dispose();
        base.Dispose(disposing);
    }
}

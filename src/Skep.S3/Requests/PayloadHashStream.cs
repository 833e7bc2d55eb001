using System.Security.Cryptography;
using Skep.S3.Errors;

namespace Skep.S3.Requests;

/// <summary>A body that must have the SHA-256 that was signed; its end throws when it has not. Does not own the inner stream.</summary>
internal sealed class PayloadHashStream(Stream inner, string expected) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _isChecked;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        if (count > 0)
            _hash.AppendData(buffer.Span[..count]);
        else if (buffer.Length > 0)
            Check();
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("a body is read asynchronously");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }

    private void Check()
    {
        if (_isChecked)
            return;
        _isChecked = true;
        var computed = Convert.ToHexStringLower(_hash.GetCurrentHash());
        if (computed != expected)
            throw S3Errors.PayloadMismatch(expected, computed);
    }
}

namespace Skep.Core.Tests.Identity.Payloads;

/// <summary>A body that comes in pieces of random size, as from a network; like a request's, only asynchronously.</summary>
internal sealed class DripStream(byte[] content, Random random) : Stream
{
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (random.Next(3) == 0)
            await Task.Yield();
        var count = Math.Min(Math.Min(buffer.Length, content.Length - _position), 1 + random.Next(random.Next(2) == 0 ? 3 : 20_000));
        content.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

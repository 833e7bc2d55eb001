using System.Buffers;

namespace Skep.Blocks.Log.Replication;

/// <summary>Reads frames from a connection, several with one call where they came together. One reader at a time.</summary>
internal sealed class FrameReader(Stream stream) : IDisposable
{
    private const int FirstBytes = 64 << 10;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _start;
    private int _end;

    /// <summary>The payload of the last frame, valid until the next is asked for.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>The next frame; null when the other end has closed the connection.</summary>
    /// <exception cref="ReplicaException">It is no frame.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async ValueTask<ReplicaFrame?> ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            if (ReplicaFrame.TryRead(_buffer.AsSpan(_start, _end - _start), out var frame))
            {
                Payload = _buffer.AsMemory(_start + ReplicaFrame.HeaderBytes, frame.PayloadBytes);
                _start += frame.TotalBytes;
                return frame;
            }
            MakeRoom(frame);
            int count = await stream.ReadAsync(_buffer.AsMemory(_end), ct);
            if (count == 0)
                return _end == _start ? null : throw new IOException("the connection ended in the middle of a frame");
            _end += count;
        }
    }

    /// <summary>The next frame, which must be of one kind.</summary>
    /// <exception cref="ReplicaException">It is of another, or the other end refused.</exception>
    public async ValueTask<ReplicaFrame> ReadAsync(ReplicaFrameKind kind, CancellationToken ct)
    {
        var frame = await ReadAsync(ct) ?? throw new IOException($"the connection ended before {kind}");
        ThrowIfRefused(frame);
        return frame.Kind == kind ? frame : throw Unexpected(frame.Kind, kind.ToString());
    }

    /// <summary>Throws what the other end says with a refusal.</summary>
    public void ThrowIfRefused(in ReplicaFrame frame)
    {
        if (frame.Kind == ReplicaFrameKind.Refused)
            throw new ReplicaException((ReplicaRefusal)frame.Number, System.Text.Encoding.UTF8.GetString(Payload.Span));
    }

    public static ReplicaException Unexpected(ReplicaFrameKind found, string expected) =>
        new(ReplicaRefusal.Protocol, $"a frame of kind {(uint)found} came, expected {expected}");

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _start = _end = 0;
    }

    private void MakeRoom(in ReplicaFrame next)
    {
        // A frame of unknown length may be as long as its header says as soon as that has come.
        int wanted = next.PayloadBytes > 0 ? next.TotalBytes : FirstBytes / 2;
        if (_start == _end)
            _start = _end = 0;
        if (_buffer.Length - _start >= wanted && _end < _buffer.Length)
            return;
        var to = _buffer.Length >= wanted ? _buffer : ArrayPool<byte>.Shared.Rent(wanted);
        Buffer.BlockCopy(_buffer, _start, to, 0, _end - _start);
        (_start, _end) = (0, _end - _start);
        if (to == _buffer)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = to;
    }
}

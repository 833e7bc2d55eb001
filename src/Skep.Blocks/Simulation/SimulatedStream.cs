namespace Skep.Blocks.Simulation;

/// <summary>
/// One end of a simulated connection: what is written arrives at the other end in order, in other pieces and later. A
/// connection may break, silently for who only waits, and bits may flip on the way.
/// </summary>
internal sealed class SimulatedStream(SimulatedNetwork network) : Stream
{
    private readonly Queue<byte[]> _underWay = new();
    private readonly Queue<ArraySegment<byte>> _arrived = new();
    private SimulatedStream _other = null!;
    private TaskCompletionSource? _reader;
    private bool _isClosed;
    private bool _isEnded;
    private bool _isBroken;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Two ends of a connection.</summary>
    public static (SimulatedStream Client, SimulatedStream Server) Pair(SimulatedNetwork network)
    {
        SimulatedStream client = new(network), server = new(network);
        (client._other, server._other) = (server, client);
        return (client, server);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        network.Scheduler.CheckThread("read from a connection");
        while (_arrived.Count == 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_isBroken)
                throw new IOException("simulated network: the connection was reset");
            if (_isEnded)
                return 0;
            var reader = _reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var cancellation = cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), reader);
            await reader.Task;
        }
        var piece = _arrived.Dequeue();
        int count = Math.Min(buffer.Length, network.Random.Between(1, piece.Count));
        piece.AsSpan(0, count).CopyTo(buffer.Span);
        if (count < piece.Count)
        {
            var rest = _arrived.ToArray();
            _arrived.Clear();
            _arrived.Enqueue(piece[count..]);
            foreach (var later in rest)
                _arrived.Enqueue(later);
        }
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        network.Scheduler.CheckThread("write to a connection");
        cancellationToken.ThrowIfCancellationRequested();
        if (_isBroken || _isEnded)
            throw new IOException("simulated network: the connection was reset");
        byte[] bytes = buffer.ToArray();
        if (bytes.Length == 0)
            return;
        network.Scheduler.Trace.Mix(bytes);
        if (network.Random.Chance(network.DamagedPerMille))
            bytes[network.Random.Below(bytes.Length)] ^= (byte)(1 << network.Random.Below(8));
        if (network.IsOut || network.Random.Chance(network.BrokenPerMille))
        {
            // Some of it may have come, and who waits for an answer hears nothing.
            network.Scheduler.Trace.Say("network: a connection breaks");
            if (network.Random.Chance(500))
                _other.Send(bytes[..network.Random.Between(1, bytes.Length)]);
            (_isBroken, _other._isBroken) = (true, true);
            if (network.Random.Chance(500))
                network.Scheduler.After(network.Random.Time(network.LatencyMax), () =>
                {
                    Wake();
                    _other.Wake();
                });
            return;
        }
        _other.Send(bytes);
        if (network.Random.Chance(200))
            await Task.Delay(network.Random.Time(network.LatencyMax), SimulatedNetwork.TimeHere, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (_isClosed)
            return;
        _isClosed = _isEnded = true;
        Wake();
        // The end comes after all that was sent.
        _other.Send([]);
    }

    private void Send(byte[] bytes)
    {
        _underWay.Enqueue(bytes);
        // Whichever timer fires first, what was sent first comes first.
        network.Scheduler.After(network.Random.Time(network.LatencyMax), () =>
        {
            var next = _underWay.Dequeue();
            if (next.Length > 0)
                _arrived.Enqueue(next);
            else
                _isEnded = true;
            Wake();
        });
    }

    private void Wake() => _reader?.TrySetResult();
}

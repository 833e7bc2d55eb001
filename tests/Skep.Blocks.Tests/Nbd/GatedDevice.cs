using System.Threading.Channels;

namespace Skep.Blocks.Tests.Nbd;

/// <summary>A disk whose reads and writes wait at a gate once it is closed, so that a test decides when and in which order they end.</summary>
internal sealed class GatedDevice(long sizeBytes) : WrappedDevice(sizeBytes)
{
    private readonly Lock _lock = new();
    private readonly List<TaskCompletionSource> _waiting = [];
    private readonly Channel<bool> _arrived = Channel.CreateUnbounded<bool>();
    private bool _isClosed;

    public int WaitingCount
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    public void Close()
    {
        lock (_lock)
            _isClosed = true;
    }

    /// <summary>Waits until so many more calls have come to the gate.</summary>
    public async Task WaitForAsync(int count, CancellationToken ct)
    {
        for (; count > 0; count--)
            await _arrived.Reader.ReadAsync(ct);
    }

    /// <summary>Opens the gate and lets the last one through first.</summary>
    public void ReleaseInReverse()
    {
        TaskCompletionSource[] waiting;
        lock (_lock)
        {
            _isClosed = false;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var one in waiting.Reverse())
            one.SetResult();
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        await PassAsync();
        await base.ReadAsync(offset, destination, ct);
    }

    public override async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct)
    {
        await PassAsync();
        await base.WriteAsync(offset, source, isDurable, ct);
    }

    private Task PassAsync()
    {
        TaskCompletionSource own;
        lock (_lock)
        {
            if (!_isClosed)
                return Task.CompletedTask;
            own = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(own);
        }

        _arrived.Writer.TryWrite(true);
        return own.Task;
    }
}

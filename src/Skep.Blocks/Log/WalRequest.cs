using System.Threading.Tasks.Sources;

namespace Skep.Blocks.Log;

/// <summary>A request on its way into the log; used again and again, so that the steady state allocates nothing.</summary>
internal sealed class WalRequest : IValueTaskSource<ulong>
{
    private ManualResetValueTaskSourceCore<ulong> _core = new() { RunContinuationsAsynchronously = true };

    public WalEntry Entry { get; private set; }

    public ReadOnlyMemory<byte> Data { get; private set; }

    /// <summary>Where requests that are done go back to.</summary>
    private Stack<WalRequest>? _pool;

    public void Begin(in WalEntry entry, ReadOnlyMemory<byte> data, Stack<WalRequest> pool) =>
        (Entry, Data, _pool) = (entry, data, pool);

    /// <summary>Completes with the number of the record that has the request.</summary>
    public ValueTask<ulong> WaitAsync() => new(this, _core.Version);

    public void Complete(ulong sequence) => _core.SetResult(sequence);

    public void Fail(Exception exception) => _core.SetException(exception);

    ulong IValueTaskSource<ulong>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Recycle();
        }
    }

    /// <summary>Gives the request back when it was not awaited.</summary>
    public void Recycle()
    {
        _core.Reset();
        Data = default;
        lock (_pool!)
            _pool.Push(this);
    }

    ValueTaskSourceStatus IValueTaskSource<ulong>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<ulong>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}

using System.Threading.Tasks.Sources;

namespace Skep.Core.Store;

/// <summary>
/// Wakes one watch. Signals that come while it is awake are one signal; waiting allocates nothing. One waiter, many
/// signallers.
/// </summary>
internal sealed class WatchSignal(WatchFilter filter) : IValueTaskSource
{
    private const int Idle = 0;
    private const int Waiting = 1;
    private const int Signalled = 2;

    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private int _state;
    private long _position;

    /// <summary>What the watch wants.</summary>
    public WatchFilter Filter { get; } = filter;

    /// <summary>The revision up to which the watch has seen everything.</summary>
    public long Position
    {
        get => Volatile.Read(ref _position);
        set => Volatile.Write(ref _position, value);
    }

    /// <summary>Completes at the next signal, or at once when there was one since the last wait.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Signalled) == Signalled)
            return ValueTask.CompletedTask;
        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Idle) == Idle)
            return new ValueTask(this, _core.Version);
        Volatile.Write(ref _state, Idle);
        return ValueTask.CompletedTask;
    }

    /// <summary>Ends the wait, or the next one.</summary>
    public void Signal()
    {
        while (true)
        {
            if (Interlocked.CompareExchange(ref _state, Idle, Waiting) == Waiting)
            {
                _core.SetResult(true);
                return;
            }

            if (Interlocked.CompareExchange(ref _state, Signalled, Idle) != Waiting)
                return;
        }
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}

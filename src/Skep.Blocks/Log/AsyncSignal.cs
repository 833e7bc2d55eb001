namespace Skep.Blocks.Log;

/// <summary>Wakes one waiting loop; a signal that nobody waits for is kept. Setting it is cheap and may be done under a lock.</summary>
internal sealed class AsyncSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiter;
    private bool _isSet;

    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            (waiter, _waiter) = (_waiter, null);
            if (waiter is null)
                _isSet = true;
        }
        waiter?.TrySetResult();
    }

    /// <summary>Waits for the signal, or until a time has passed.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken ct)
    {
        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return;
            }
            waiter = _waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        try
        {
            await waiter.Task.WaitHereAsync(timeout, time, ct);
        }
        catch (TimeoutException)
        {
            lock (_gate)
                if (_waiter == waiter)
                    _waiter = null;
        }
    }
}

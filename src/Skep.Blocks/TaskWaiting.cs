namespace Skep.Blocks;

/// <summary>
/// Waiting for tasks with a time limit or a cancellation. Unlike <c>Task.WaitAsync</c>, and <c>SemaphoreSlim.WaitAsync</c> with a
/// token, which complete on the thread pool when what they wait for must not run continuations itself, these come back on
/// the caller's synchronization context alone: simulations have one thread and must see everything that happens.
/// </summary>
internal static class TaskWaiting
{
    /// <summary>Waits for a task.</summary>
    /// <exception cref="OperationCanceledException">The token came first.</exception>
    public static async Task WaitHereAsync(this Task task, CancellationToken ct)
    {
        await task.SettleAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        await task;
    }

    /// <summary>Waits for a task.</summary>
    /// <exception cref="OperationCanceledException">The token came first.</exception>
    /// <exception cref="TimeoutException">The time came first.</exception>
    public static async Task WaitHereAsync(this Task task, TimeSpan timeout, TimeProvider time, CancellationToken ct)
    {
        await task.SettleAsync(timeout, time, ct);
        await task;
    }

    /// <summary>Waits for a task to end, however it does: does not throw what it threw.</summary>
    /// <exception cref="OperationCanceledException">The token came first.</exception>
    public static Task SettleAsync(this Task task, CancellationToken ct) => task.SettleAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);

    /// <summary>Enters a semaphore whose holders are known to leave it soon after a cancellation.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; the semaphore is not held.</exception>
    public static async Task EnterAsync(this SemaphoreSlim gate, CancellationToken ct)
    {
        await gate.WaitAsync(CancellationToken.None);
        if (!ct.IsCancellationRequested)
            return;
        gate.Release();
        ct.ThrowIfCancellationRequested();
    }

    private static async Task SettleAsync(this Task task, TimeSpan timeout, TimeProvider time, CancellationToken ct)
    {
        if (task.IsCompleted)
            return;
        ct.ThrowIfCancellationRequested();
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = timeout == Timeout.InfiniteTimeSpan ? null : time.CreateTimer(
            static state => ((TaskCompletionSource)state!).TrySetException(new TimeoutException()), first, timeout, Timeout.InfiniteTimeSpan);
        using var cancellation = ct.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), first);
        _ = ForwardAsync(task, first);
        await first.Task;
    }

    private static async Task ForwardAsync(Task task, TaskCompletionSource first)
    {
        try
        {
            await task;
        }
        catch
        {
            // Whoever waits for the task itself is told.
        }
        first.TrySetResult();
    }
}

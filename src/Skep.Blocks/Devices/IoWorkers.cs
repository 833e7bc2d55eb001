namespace Skep.Blocks.Devices;

/// <summary>
/// Threads that wait for disks, so that the thread pool, which grows slowly, does not have to. They are started when there
/// is more to wait for than there are idle ones, up to a limit; further work is queued (its number is bounded by what the
/// callers have under way).
/// </summary>
public sealed class IoWorkers : IDisposable
{
    private const int StackSize = 256 << 10;

    private readonly Lock _lock = new();
    private readonly Queue<IoOperation> _queue = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly int _threadsMax;
    private int _threadCount;
    private int _busyCount;
    private bool _isDisposed;

    /// <summary>Makes the workers; no thread is started yet.</summary>
    public IoWorkers(int threadsMax = 16) => _threadsMax = threadsMax;

    /// <summary>Ends the threads when they have done what is queued.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _available.Release(Math.Max(1, _threadCount));
        }
    }

    internal void Enqueue(IoOperation operation)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _queue.Enqueue(operation);
            if (_queue.Count + _busyCount > _threadCount && _threadCount < _threadsMax)
            {
                _threadCount++;
                new Thread(Work, StackSize) { IsBackground = true, Name = "disk" }.Start();
            }
        }

        _available.Release();
    }

    private void Work()
    {
        while (true)
        {
            _available.Wait();
            IoOperation? operation;
            lock (_lock)
            {
                if (!_queue.TryDequeue(out operation))
                {
                    if (!_isDisposed)
                        continue;
                    return;
                }

                _busyCount++;
            }

            operation.Run();
            lock (_lock)
                _busyCount--;
        }
    }
}

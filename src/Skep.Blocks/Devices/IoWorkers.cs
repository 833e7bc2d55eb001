using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

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
    private readonly int _threadsMax;
    // Counts what is queued. A system call to wake and one to sleep are much less than what .NET's semaphores and monitors
    // do, which spin first.
    private readonly SafeFileHandle _queued;
    private int _threadCount;
    private int _outstanding;
    private bool _isDisposed;

    /// <summary>Makes the workers; no thread is started yet.</summary>
    public IoWorkers(int threadsMax = 16)
    {
        _threadsMax = threadsMax;
        var descriptor = FileCalls.EventFd(0, FileCalls.EFD_CLOEXEC | FileCalls.EFD_SEMAPHORE);
        if (descriptor < 0)
            throw new IOException($"eventfd failed with errno {Marshal.GetLastPInvokeError()}");
        _queued = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Ends the threads when they have done what is queued.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            if (_threadCount == 0)
                _queued.Dispose();
            else
                Signal(_threadCount);
        }
    }

    internal void Enqueue(IoOperation operation)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _queue.Enqueue(operation);
            _outstanding++;
            if (_outstanding > _threadCount && _threadCount < _threadsMax)
            {
                _threadCount++;
                new Thread(Work, StackSize) { IsBackground = true, Name = "disk" }.Start();
            }
        }

        Signal(1);
    }

    private void Work()
    {
        while (true)
        {
            WaitForSignal();
            IoOperation? operation;
            lock (_lock)
            {
                if (!_queue.TryDequeue(out operation))
                {
                    // Only the end signals without an operation.
                    if (--_threadCount == 0)
                        _queued.Dispose();
                    return;
                }
            }

            operation.Perform();
            // Before whoever waits for it goes on: what it does next finds this thread idle.
            lock (_lock)
                _outstanding--;
            operation.Complete();
        }
    }

    private unsafe void Signal(int count)
    {
        var value = (ulong)count;
        _ = FileCalls.WriteEvent(_queued, &value, sizeof(ulong));
    }

    private unsafe void WaitForSignal()
    {
        ulong value;
        while (FileCalls.ReadEvent(_queued, &value, sizeof(ulong)) < 0 && Marshal.GetLastPInvokeError() == FileCalls.EINTR)
        {
        }
    }
}

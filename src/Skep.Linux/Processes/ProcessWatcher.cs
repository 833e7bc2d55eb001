using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux.Processes;

/// <summary>
/// Tells when processes end: one thread that sleeps in poll(2) on a pidfd for each of them. Children are reaped, so
/// none stays a zombie. Disposing leaves the processes alone. Thread-safe.
/// </summary>
public sealed unsafe class ProcessWatcher : IDisposable
{
    private const int EventFdFlags = 0x80000 | 0x800; // EFD_CLOEXEC | EFD_NONBLOCK

    private readonly Lock _lock = new();
    private readonly List<Watched> _watched = [];
    private readonly SafeFileHandle _wake;
    private Thread? _thread;
    private bool _isDisposed;

    /// <summary>Makes a watcher; its thread starts with the first process.</summary>
    public ProcessWatcher()
    {
        var fd = ProcessCalls.EventFd(0, EventFdFlags);
        if (fd < 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"eventfd: {Marshal.GetLastPInvokeErrorMessage()}");
        _wake = new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Thread? thread;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            thread = _thread;
            Wake();
        }

        thread?.Join();
        foreach (var watched in _watched)
            watched.Pidfd.Dispose();
        _wake.Dispose();
    }

    /// <summary>Completes when the process ends; the watcher owns the descriptor from now on.</summary>
    internal Task<ProcessExit> WatchAsync(int processId, SafeFileHandle pidfd)
    {
        var watched = new Watched(processId, pidfd, new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _watched.Add(watched);
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "process-watcher" };
                _thread.Start();
            }
            else
            {
                Wake();
            }
        }

        return watched.Exited.Task;
    }

    private void Run()
    {
        while (true)
        {
            Watched[] current;
            lock (_lock)
            {
                if (_isDisposed)
                    return;
                current = [.. _watched];
            }

            var entries = new ProcessCalls.PollEntry[current.Length + 1];
            entries[0] = new() { Fd = (int)_wake.DangerousGetHandle(), Events = ProcessCalls.PollIn };
            for (var i = 0; i < current.Length; i++)
                entries[i + 1] = new() { Fd = (int)current[i].Pidfd.DangerousGetHandle(), Events = ProcessCalls.PollIn };
            fixed (ProcessCalls.PollEntry* first = entries)
            {
                // Interrupted by a signal: nothing is set, and the next round sleeps again.
                if (ProcessCalls.Poll(first, (nuint)entries.Length, -1) < 0)
                    continue;
            }

            if (entries[0].ReturnedEvents != 0)
                ClearWake();
            for (var i = 0; i < current.Length; i++)
            {
                if (entries[i + 1].ReturnedEvents != 0)
                    Finish(current[i]);
            }
        }
    }

    private void Finish(Watched watched)
    {
        lock (_lock)
            _watched.Remove(watched);
        var exit = ProcessCalls.WaitPid(watched.ProcessId, out var status, ProcessCalls.WaitNoHang) == watched.ProcessId
            ? ProcessExit.FromWaitStatus(status)
            : default; // not a child: adopted after a restart of the daemon
        watched.Pidfd.Dispose();
        watched.Exited.TrySetResult(exit);
    }

    private void Wake()
    {
        ulong one = 1;
        _ = ProcessCalls.Write((int)_wake.DangerousGetHandle(), &one, sizeof(ulong));
    }

    private void ClearWake()
    {
        ulong count;
        _ = ProcessCalls.Read((int)_wake.DangerousGetHandle(), &count, sizeof(ulong));
    }

    private sealed record Watched(int ProcessId, SafeFileHandle Pidfd, TaskCompletionSource<ProcessExit> Exited);
}

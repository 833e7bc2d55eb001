using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux.Processes;

/// <summary>
/// A process that outlives the daemon, started by it or adopted after a restart. Signals go through a pidfd, so they
/// can only reach the very process that was meant. Thread-safe.
/// </summary>
public sealed unsafe class DetachedProcess
{
    private const int StateSize = 1024; // posix_spawnattr_t and posix_spawn_file_actions_t are smaller in every libc
    private const int SignalSetSize = 128;
    private const short SpawnFlags = 0x80 | 0x04 | 0x08; // SETSID | SETSIGDEF | SETSIGMASK
    private const int DuplicateFdCloexec = 1030; // F_DUPFD_CLOEXEC
    private const int TemporaryFdMin = 100;
    private const int OpenReadOnly = 0;
    private const int OpenAppend = 1 | 0x40 | 0x400; // O_WRONLY | O_CREAT | O_APPEND
    private const uint LogMode = 0x180; // 0600
    private const string SystemdMarker = "/run/systemd/system";

    private static readonly int _openNoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x8000 : 0x20000;

    private readonly SafeFileHandle _pidfd;

    private DetachedProcess(ProcessIdentity identity, SafeFileHandle pidfd, ProcessWatcher watcher)
    {
        Identity = identity;
        _pidfd = pidfd;
        Exited = watcher.WatchAsync(identity.ProcessId, pidfd);
    }

    /// <summary>Which process it is; written down, it can be adopted again.</summary>
    public ProcessIdentity Identity { get; }

    /// <summary>Completes when it has ended.</summary>
    public Task<ProcessExit> Exited { get; }

    /// <summary>Starts a program in its own session.</summary>
    /// <exception cref="CommandException">The program (or one that prepares its start) does not exist or cannot run.</exception>
    public static DetachedProcess Start(DetachedCommand command, ProcessWatcher watcher)
    {
        var chain = command.Chain(Directory.Exists(SystemdMarker));
        var processId = Spawn(command, chain);

        // Nobody else waits for this child, so its pid cannot be used again before the watcher reaps it.
        var pidfd = ProcessCalls.OpenPidfd(processId)!;
        var identity = ProcessIdentity.Of(processId) ?? new ProcessIdentity(processId, 0, ProcessIdentity.CurrentBootId());
        return new DetachedProcess(identity, pidfd, watcher);
    }

    /// <summary>Takes hold of a process that an earlier daemon started; null when it is gone.</summary>
    public static DetachedProcess? Adopt(ProcessIdentity identity, ProcessWatcher watcher)
    {
        if (identity.BootId != ProcessIdentity.CurrentBootId() || ProcessCalls.OpenPidfd(identity.ProcessId) is not { } pidfd)
            return null;

        // Checked after the descriptor is open: from then on it cannot come to mean another process.
        if (identity.IsAlive())
            return new DetachedProcess(identity, pidfd, watcher);
        pidfd.Dispose();
        return null;
    }

    /// <summary>Ends it at once (SIGKILL); see <see cref="Exited"/>. Nothing happens when it has ended already.</summary>
    public void Kill()
    {
        try
        {
            ProcessCalls.SendSignal(_pidfd, ProcessCalls.SignalKill);
        }
        catch (ObjectDisposedException)
        {
            // It has ended, and the watcher has closed the descriptor.
        }
    }

    private static int Spawn(DetachedCommand command, IReadOnlyList<string> chain)
    {
        var actions = stackalloc byte[StateSize];
        var attributes = stackalloc byte[StateSize];
        var signals = stackalloc byte[SignalSetSize];
        var duplicates = new List<int>();
        Require(ProcessCalls.ActionsInit(actions));
        Require(ProcessCalls.AttributesInit(attributes));
        try
        {
            Require(ProcessCalls.SignalsFill(signals));
            Require(ProcessCalls.AttributesSetSignalDefaults(attributes, signals));
            Require(ProcessCalls.SignalsEmpty(signals));
            Require(ProcessCalls.AttributesSetSignalMask(attributes, signals));
            Require(ProcessCalls.AttributesSetFlags(attributes, SpawnFlags));

            Require(ProcessCalls.ActionsAddChdir(actions, "/"));
            Require(ProcessCalls.ActionsAddOpen(actions, 0, "/dev/null", OpenReadOnly, 0));
            Require(ProcessCalls.ActionsAddOpen(actions, 1, command.LogPath, OpenAppend | _openNoFollow, LogMode));
            Require(ProcessCalls.ActionsAddDup2(actions, 1, 2));

            // Out of the way first: a handle may have a number that another one is about to get.
            foreach (var handle in command.Handles)
                duplicates.Add(Check(ProcessCalls.Fcntl((int)handle.DangerousGetHandle(), DuplicateFdCloexec, TemporaryFdMin)));
            for (var i = 0; i < duplicates.Count; i++)
                Require(ProcessCalls.ActionsAddDup2(actions, duplicates[i], DetachedCommand.FirstHandle + i));
            Require(ProcessCalls.ActionsAddCloseFrom(actions, DetachedCommand.FirstHandle + duplicates.Count));
            return Spawn(chain, command.Environment, actions, attributes);
        }
        finally
        {
            foreach (var fd in duplicates)
                _ = ProcessCalls.Close(fd);
            _ = ProcessCalls.ActionsDestroy(actions);
            _ = ProcessCalls.AttributesDestroy(attributes);
        }
    }

    private static int Spawn(IReadOnlyList<string> chain, IReadOnlyDictionary<string, string>? variables, void* actions, void* attributes)
    {
        const string Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        using var arguments = new NativeStrings(chain);
        using var environment = new NativeStrings(variables?.Select(v => $"{v.Key}={v.Value}").ToList() ?? [$"PATH={Path}", "LANG=C.UTF-8"]);
        var error = ProcessCalls.Spawn(out var processId, chain[0], actions, attributes, arguments.Pointer, environment.Pointer);
        return error == 0
            ? processId
            : throw new CommandException($"{chain[0]} cannot be started: {Marshal.GetPInvokeErrorMessage(error)}", null);
    }

    private static void Require(int error)
    {
        if (error != 0)
            throw new Win32Exception(error, $"posix_spawn cannot be prepared: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static int Check(int result) => result >= 0
        ? result
        : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"fcntl: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>A char*[] that ends in null.</summary>
    private sealed class NativeStrings : IDisposable
    {
        private readonly int _count;

        public NativeStrings(IReadOnlyList<string> values)
        {
            _count = values.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                var bytes = Encoding.UTF8.GetBytes(values[i]);
                Pointer[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
                bytes.CopyTo(new Span<byte>(Pointer[i], bytes.Length));
            }
        }

        public byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
                NativeMemory.Free(Pointer[i]);
            NativeMemory.Free(Pointer);
        }
    }
}

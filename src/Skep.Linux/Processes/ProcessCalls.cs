using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux.Processes;

/// <summary>System calls on processes: pidfd_open(2), pidfd_send_signal(2), waitpid(2), poll(2), posix_spawn(3).</summary>
internal static unsafe partial class ProcessCalls
{
    public const short PollIn = 1;
    public const int WaitNoHang = 1;
    public const int SignalKill = 9;

    private const string Libc = "libc";
    private const int NoSuchProcess = 3; // ESRCH

    // One number on every architecture: both calls came after the tables were unified.
    private const long SysPidfdSendSignal = 424;
    private const long SysPidfdOpen = 434;

    /// <summary>A descriptor that stands for one process; null when the pid is free.</summary>
    public static SafeFileHandle? OpenPidfd(int processId)
    {
        var fd = (int)Syscall(SysPidfdOpen, processId, 0, 0, 0);
        if (fd >= 0)
            return new SafeFileHandle(fd, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        return error == NoSuchProcess ? null : throw new Win32Exception(error, $"pidfd_open({processId}): {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>Sends a signal; a process that is gone already is no error.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed: its number may mean another process by now.</exception>
    public static void SendSignal(SafeFileHandle pidfd, int signal)
    {
        if (Syscall(SysPidfdSendSignal, pidfd, signal, 0, 0) >= 0)
            return;
        var error = Marshal.GetLastPInvokeError();
        if (error != NoSuchProcess)
            throw new Win32Exception(error, $"pidfd_send_signal: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall(long number, nint a, nint b, nint c, nint d);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall(long number, SafeFileHandle a, nint b, nint c, nint d);

    [LibraryImport(Libc, EntryPoint = "waitpid", SetLastError = true)]
    public static partial int WaitPid(int processId, out int status, int options);

    [LibraryImport(Libc, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    [LibraryImport(Libc, EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint initial, int flags);

    [LibraryImport(Libc, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(int fd, int command, int argument);

    [LibraryImport(Libc, EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport(Libc, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int fd, void* buffer, nuint count);

    [LibraryImport(Libc, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, void* buffer, nuint count);

    [LibraryImport(Libc, EntryPoint = "posix_spawnp", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(out int processId, string file, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int ActionsInit(void* actions);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int ActionsDestroy(void* actions);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ActionsAddOpen(void* actions, int fd, string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int ActionsAddDup2(void* actions, int fd, int newFd);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    public static partial int ActionsAddCloseFrom(void* actions, int fd);

    [LibraryImport(Libc, EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ActionsAddChdir(void* actions, string path);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_init")]
    public static partial int AttributesInit(void* attributes);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int AttributesDestroy(void* attributes);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int AttributesSetFlags(void* attributes, short flags);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int AttributesSetSignalDefaults(void* attributes, void* signals);

    [LibraryImport(Libc, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int AttributesSetSignalMask(void* attributes, void* signals);

    [LibraryImport(Libc, EntryPoint = "sigfillset")]
    public static partial int SignalsFill(void* signals);

    [LibraryImport(Libc, EntryPoint = "sigemptyset")]
    public static partial int SignalsEmpty(void* signals);

    /// <summary>struct pollfd of poll(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Fd;
        public short Events;
        public short ReturnedEvents;
    }
}

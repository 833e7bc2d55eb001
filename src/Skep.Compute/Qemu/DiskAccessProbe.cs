using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Compute.Qemu;

/// <summary>Finds out how a disk's file can be read: io_uring where the kernel allows it, native, or threads.</summary>
public sealed unsafe partial class DiskAccessProbe(string root)
{
    private const long SysIoUringSetup = 425; // the same number on every architecture
    private const int IoUringParamsSize = 120; // struct io_uring_params
    private const int IoUringForEveryone = 0; // /proc/sys/kernel/io_uring_disabled
    private const int OpenCloexec = 0x80000;

    private static readonly int _openDirect = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x10000 : 0x4000;

    private readonly Lazy<bool> _hasIoUring = new(() => IsIoUringForEveryone(root) && CanSetUpIoUring());

    /// <summary>Whether unprivileged programs may use io_uring.</summary>
    public bool HasIoUring => _hasIoUring.Value;

    /// <summary>How to read a file: it must exist.</summary>
    public DiskAccess For(string path)
    {
        var isDirect = CanOpenDirect(path);
        if (HasIoUring)
            return new DiskAccess("io_uring", isDirect);
        return new DiskAccess(isDirect ? "native" : "threads", isDirect); // native works with O_DIRECT only
    }

    internal static bool IsIoUringForEveryone(string root)
    {
        // Machines run as an unprivileged user: that root may use it proves nothing.
        var path = Path.Combine(root, "proc/sys/kernel/io_uring_disabled");
        return !File.Exists(path)
            || (int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value == IoUringForEveryone);
    }

    private static bool CanSetUpIoUring()
    {
        var parameters = stackalloc byte[IoUringParamsSize];
        new Span<byte>(parameters, IoUringParamsSize).Clear();
        var fd = (int)Syscall(SysIoUringSetup, 1, (nint)parameters);
        if (fd < 0)
            return false;
        new SafeFileHandle(fd, ownsHandle: true).Dispose();
        return true;
    }

    private static bool CanOpenDirect(string path)
    {
        var fd = Open(path, OpenCloexec | _openDirect);
        if (fd < 0)
            return false; // tmpfs, some network file systems: EINVAL
        new SafeFileHandle(fd, ownsHandle: true).Dispose();
        return true;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Syscall(long number, nint a, nint b);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}

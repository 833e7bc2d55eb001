using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Blocks.Files;

/// <summary>libc, as far as the base library does not cover it. Names and values are the manual pages'.</summary>
internal static partial class NativeMethods
{
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EAGAIN = 11;
    public const int EACCES = 13;
    public const int EEXIST = 17;
    public const int EINVAL = 22;
    public const int ENOSYS = 38;
    public const int EOPNOTSUPP = 95;

    public const int O_RDONLY = 0;
    public const int O_CLOEXEC = 0x80000;

    // The generic value differs from ARM's.
    public static readonly int O_DIRECTORY =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x4000 : 0x10000;

    // The generic value differs from ARM's.
    public static readonly int O_DIRECT =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x10000 : 0x4000;

    /// <summary>fcntl(2).</summary>
    public const int F_SETFL = 4;

    /// <summary>flock(2).</summary>
    public const int LOCK_EX = 2;

    /// <summary>flock(2).</summary>
    public const int LOCK_NB = 4;

    /// <summary>flock(2).</summary>
    public const int LOCK_UN = 8;

    /// <summary>fallocate(2): the length stays; needed beside the next.</summary>
    public const int FALLOC_FL_KEEP_SIZE = 1;

    /// <summary>fallocate(2).</summary>
    public const int FALLOC_FL_PUNCH_HOLE = 2;

    /// <summary>madvise(2): the pages go back to the system, and are zero when touched again.</summary>
    public const int MADV_DONTNEED = 4;

    /// <summary>preadv2(2): EAGAIN instead of waiting for the disk.</summary>
    public const int RWF_NOWAIT = 8;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int unlink(string path);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rename(string path, string newPath);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fsync(SafeFileHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int madvise(nint addr, nuint length, int advice);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fdatasync(SafeFileHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(SafeFileHandle fd, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(SafeFileHandle fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fallocate(SafeFileHandle fd, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial nint preadv2(SafeFileHandle fd, IoVector* vectors, int count, long offsetLow, long offsetHigh, int flags);

    /// <summary>The failure of the call just made, errno kept in <see cref="Exception.HResult"/> as the base library does.</summary>
    public static IOException LastError(string what)
    {
        var errno = Marshal.GetLastPInvokeError();
        var message = $"{what}: {Marshal.GetPInvokeErrorMessage(errno)}";
        return errno == ENOENT ? new FileNotFoundException(message) : new IOException(message, errno);
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }
}

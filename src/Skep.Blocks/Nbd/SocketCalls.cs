using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Blocks.Nbd;

/// <summary>
/// The system calls of a connection that has a thread: .NET's own sockets either hop between threads or poll before every
/// receive. Results are the kernel's, with errno from <see cref="Marshal.GetLastPInvokeError"/>.
/// </summary>
internal static unsafe partial class SocketCalls
{
    public const int EINTR = 4;
    public const int EAGAIN = 11;

    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_NOSIGNAL = 0x4000;

    public const short POLLIN = 1;
    public const short POLLOUT = 4;

    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const uint STATX_TYPE = 1;
    private const ushort S_IFMT = 0xf000;
    private const ushort S_IFSOCK = 0xc000;

    // struct statx has the same layout on every architecture.
    private const int StatxSize = 256;
    private const int StatxModeOffset = 28;

    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    public static partial nint SendMessage(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle fd, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle fd, void* buffer, nuint length);

    /// <summary>Whether a path is a socket, and not what it may point to.</summary>
    public static bool IsSocketFile(string path)
    {
        var status = stackalloc byte[StatxSize];
        return Statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, status) == 0 && (*(ushort*)(status + StatxModeOffset) & S_IFMT) == S_IFSOCK;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* status);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    /// <summary>Room for the vectors of one send.</summary>
    [InlineArray(Capacity)]
    public struct IoVectors
    {
        public const int Capacity = 64;
        private IoVector _first;
    }

    /// <summary>Room for the pieces of one send.</summary>
    [InlineArray(IoVectors.Capacity)]
    public struct Segments
    {
        private NbdSegment _first;
    }
}

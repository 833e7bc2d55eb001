using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux.Processes;

/// <summary>
/// Listening Unix sockets made for another program (unix(7)). The base library's Socket deletes the file, and may shut
/// the shared socket down, when it is disposed here while the other program goes on using it.
/// </summary>
public static unsafe partial class UnixListener
{
    /// <summary>Longest path, in bytes: sun_path less its final zero.</summary>
    public const int PathMax = 107;

    private const int FamilyUnix = 1;
    private const int StreamCloexec = 1 | 0x80000; // SOCK_STREAM | SOCK_CLOEXEC
    private const int AddressSize = 110; // sizeof(struct sockaddr_un)

    /// <summary>Makes a socket at a path where there is no file yet; only its owner can connect.</summary>
    /// <exception cref="IOException">The path is too long, exists, or cannot be written.</exception>
    public static SafeFileHandle Listen(string path)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        if (bytes.Length > PathMax)
            throw new IOException($"{path} has {bytes.Length} bytes; a socket's path may have {PathMax}: choose a shorter data directory");
        var address = stackalloc byte[AddressSize];
        new Span<byte>(address, AddressSize).Clear();
        *(short*)address = FamilyUnix;
        bytes.CopyTo(new Span<byte>(address + sizeof(short), PathMax));

        var fd = MakeSocket(FamilyUnix, StreamCloexec, 0);
        if (fd < 0)
            throw Failed(path);
        var handle = new SafeFileHandle(fd, ownsHandle: true);
        if (Bind(fd, address, (uint)(sizeof(short) + bytes.Length + 1)) == 0 && ListenOn(fd, 1) == 0)
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return handle;
        }

        var failure = Failed(path);
        handle.Dispose();
        throw failure;
    }

    private static IOException Failed(string path) => new($"{path} cannot be listened on: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int MakeSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int fd, void* address, uint size);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int ListenOn(int fd, int backlog);
}

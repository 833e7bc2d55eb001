using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Core.Store.Sqlite;

/// <summary>What .NET's file functions do not do: open a directory, and open without asking for a lock.</summary>
internal static partial class NativeFile
{
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC, the same on x86-64 and arm64

    /// <summary>Makes new names in a directory durable (fsync on the directory).</summary>
    public static void SyncDirectory(string path)
    {
        using var handle = OpenRead(path);
        if (FSync(handle) != 0)
            throw new IOException($"cannot sync the directory {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Opens for reading. FileStream would take a shared lock, which fails while another process holds the file's.</summary>
    public static SafeFileHandle OpenRead(string path)
    {
        var handle = new SafeFileHandle(Open(path, ReadOnlyCloseOnExec), ownsHandle: true);
        if (!handle.IsInvalid)
            return handle;
        var error = Marshal.GetLastPInvokeErrorMessage();
        handle.Dispose();
        throw new IOException($"cannot open {path}: {error}");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);
}

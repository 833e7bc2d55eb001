using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Objects.Disk;

/// <summary>What .NET's file functions do not do: fdatasync, sync a directory, begin to write back.</summary>
internal static partial class NativeDisk
{
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC, the same on x86-64 and arm64
    private const uint SyncFileRangeWrite = 2;

    /// <summary>Makes a file's data durable.</summary>
    public static void SyncData(SafeFileHandle file, string path)
    {
        if (FDataSync(file) != 0)
            throw Failed("sync", path);
    }

    /// <summary>Makes new names in a directory durable (fsync on the directory).</summary>
    public static void SyncDirectory(string path)
    {
        using var handle = new SafeFileHandle(Open(path, ReadOnlyCloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
            throw Failed("open the directory", path);
        if (FSync(handle) != 0)
            throw Failed("sync the directory", path);
    }

    /// <summary>Begins to write a range to the disk; a hint, so that its failure says nothing.</summary>
    public static void BeginWriteBack(SafeFileHandle file, long offset, long length) =>
        _ = SyncFileRange(file, offset, length, SyncFileRangeWrite);

    private static IOException Failed(string action, string path) =>
        new($"cannot {action} {path}: {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);
}

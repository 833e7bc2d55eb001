using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux.Processes;

/// <summary>Files in directories that an unprivileged program can write to: nothing here follows a symbolic link that it may have put there.</summary>
public static partial class HostFile
{
    private const int OpenCloexec = 0x80000;
    private const int OpenReadWrite = 2;

    private static readonly int _openNoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Gives a file or directory to a user.</summary>
    /// <exception cref="IOException">It does not exist, or this process may not.</exception>
    public static void SetOwner(string path, ProcessUser user)
    {
        if (LChown(path, (uint)user.UserId, (uint)user.GroupId) != 0)
            throw new IOException($"{path} cannot be given to user {user.UserId}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Gives a file or directory to a group; the owner stays.</summary>
    /// <exception cref="IOException">It does not exist, or this process may not.</exception>
    public static void SetGroup(string path, int groupId)
    {
        const uint Unchanged = uint.MaxValue;
        if (LChown(path, Unchanged, (uint)groupId) != 0)
            throw new IOException($"{path} cannot be given to group {groupId}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Opens a regular file for reading, and for writing when asked; null when there is none.</summary>
    /// <exception cref="IOException">It is a symbolic link or not a regular file.</exception>
    public static FileStream? Open(string path, bool isWritable)
    {
        const int NoSuchFile = 2; // ENOENT
        const int NonBlocking = 0x800; // opening a pipe must not wait for its other end
        var fd = OpenFile(path, OpenCloexec | NonBlocking | _openNoFollow | (isWritable ? OpenReadWrite : 0));
        if (fd < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error == NoSuchFile ? null : throw new IOException($"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        var handle = new SafeFileHandle(fd, ownsHandle: true);
        var stream = new FileStream(handle, isWritable ? FileAccess.ReadWrite : FileAccess.Read, bufferSize: 0);
        if (stream.CanSeek)
            return stream;
        stream.Dispose();
        throw new IOException($"{path} is not a regular file");
    }

    /// <summary>The group that may read and write a file or device; null when its group may not.</summary>
    public static async Task<int?> WritingGroupAsync(CommandRunner runner, string path, CancellationToken ct)
    {
        if (!File.Exists(path) || !File.GetUnixFileMode(path).HasFlag(UnixFileMode.GroupRead | UnixFileMode.GroupWrite))
            return null;
        var result = await runner.CheckAsync(new Command("stat", "--format=%g", "--", path), ct);
        return int.Parse(result.Output.Trim());
    }

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}

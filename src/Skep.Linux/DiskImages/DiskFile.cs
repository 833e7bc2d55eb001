using System.Runtime.InteropServices;

namespace Skep.Linux.DiskImages;

/// <summary>What disk files need beyond the base library: owners, durability of names, a readable "disk full".</summary>
public static partial class DiskFile
{
    private const int OpenReadOnly = 0;
    private const int OpenDirectory = 0x10000;
    private const int OpenDirectoryArm64 = 0x4000;
    private const int OpenCloexec = 0x80000;

    /// <summary>Gives a file or directory to a user; does nothing where this process is not root, and so could not.</summary>
    /// <exception cref="IOException">It does not exist.</exception>
    public static void SetOwner(string path, SystemUser? user)
    {
        if (user is null || !SystemUser.IsRoot)
            return;
        if (LChown(path, user.UserId, user.GroupId) != 0)
            throw new IOException($"{path} cannot be given to user {user.Name}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>
    /// Puts a finished file in its place so that after a crash there is the whole file or none: the content is synced, then
    /// the name is changed, then the directory is synced.
    /// </summary>
    public static void Publish(string temporary, string final)
    {
        using (var handle = File.OpenHandle(temporary, FileMode.Open, FileAccess.ReadWrite))
            RandomAccess.FlushToDisk(handle);
        File.Move(temporary, final, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(final)!);
    }

    /// <summary>Makes the names in a directory survive a power loss.</summary>
    public static void SyncDirectory(string path)
    {
        var directory = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? OpenDirectoryArm64 : OpenDirectory;
        var fd = OpenFile(path, OpenReadOnly | directory | OpenCloexec);
        if (fd < 0)
            throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        var result = FSync(fd);
        var error = Marshal.GetLastPInvokeErrorMessage();
        _ = Close(fd);
        if (result != 0)
            throw new IOException($"{path} cannot be synced: {error}");
    }

    /// <summary>Whether a failure, of this process or as a tool told it, means that the disk is full.</summary>
    public static bool IsDiskFull(Exception exception) =>
        exception is IOException or CommandException
        && (exception.Message.Contains("No space left on device", StringComparison.Ordinal)
            || exception.Message.Contains("Disk quota exceeded", StringComparison.Ordinal)
            || exception.Message.Contains("not enough space on the disk", StringComparison.OrdinalIgnoreCase));

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int fd);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int fd);
}

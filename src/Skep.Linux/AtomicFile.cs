using System.Runtime.InteropServices;

namespace Skep.Linux;

/// <summary>
/// Writes files whole or not at all: readers, and the machine after a power loss, see the old content or the new, never
/// a part.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Readable and writable by the owner alone.</summary>
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Readable by everyone, writable by the owner.</summary>
    public const UnixFileMode Public = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const int ReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC; O_RDONLY is 0

    /// <summary>Replaces a file. The temporary file beside it has the final mode from the start, so secrets are never readable.</summary>
    /// <exception cref="IOException">It could not be written; the old file is untouched.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode, BufferSize = 0 };
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes a rename or a new name in a directory survive power loss.</summary>
    public static void SyncDirectory(string directory)
    {
        var fd = Open(directory, ReadOnlyDirectory);
        if (fd < 0)
            throw new IOException($"{directory} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        // Some file systems cannot sync directories; there the rename is as durable as it gets.
        _ = Sync(fd);
        _ = Close(fd);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int fd);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);
}

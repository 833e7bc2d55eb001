using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux;

/// <summary>
/// An exclusive lock of the whole machine, held by a process on a file until it is released or the process ends in any
/// way. The file says who holds it. These are open-file-description locks (fcntl(2)): unlike flock's they can be
/// looked at without being taken, so that asking who runs never gets in the way of a start.
/// </summary>
public sealed partial class FileLock : IDisposable
{
    private const int HolderMax = 4096;
    private const int GetLock = 36; // F_OFD_GETLK
    private const int SetLock = 37; // F_OFD_SETLK
    private const short WriteLock = 1; // F_WRLCK
    private const short Unlocked = 2; // F_UNLCK
    private const int ReadOnly = 0x80000; // O_RDONLY | O_CLOEXEC
    private const int ReadWriteCreate = 0x80000 | 2 | 0x40; // O_CLOEXEC | O_RDWR | O_CREAT
    private const int ErrorNoEntry = 2;
    private const int ErrorNotDirectory = 20;
    private const int ErrorAccess = 13;
    private const int ErrorAgain = 11;
    private const int Mode = 420; // rw-r--r--: anybody may see who runs

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock and writes <paramref name="holder"/> into the file; null when another process has it.</summary>
    /// <exception cref="IOException">The file cannot be opened or locked.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be opened for lack of rights.</exception>
    public static FileLock? TryTake(string path, string holder)
    {
        var file = OpenFile(path, ReadWriteCreate) ?? throw new FileNotFoundException($"{path} cannot be made: no such directory", path);
        var range = new Range { Type = WriteLock };
        if (Control(file, SetLock, ref range) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            file.Dispose();
            return error is ErrorAgain or ErrorAccess ? null : throw new IOException($"{path} cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(holder), 0);
        return new FileLock(file);
    }

    /// <summary>What the holder wrote, or null when nobody holds the lock (or the file does not exist).</summary>
    /// <exception cref="UnauthorizedAccessException">The file cannot be opened for lack of rights.</exception>
    public static string? ReadHolder(string path)
    {
        using var file = OpenFile(path, ReadOnly);
        if (file is null)
            return null;
        var range = new Range { Type = WriteLock };
        if (Control(file, GetLock, ref range) != 0)
            throw new IOException($"the lock of {path} cannot be read: {Marshal.GetLastPInvokeErrorMessage()}");
        if (range.Type == Unlocked)
            return null;
        var buffer = new byte[HolderMax];
        return Encoding.UTF8.GetString(buffer, 0, RandomAccess.Read(file, buffer, 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        // Not by closing alone: a program that is being started at this moment has a copy of the handle until its exec.
        var range = new Range { Type = Unlocked };
        _ = Control(_file, SetLock, ref range);
        _file.Dispose();
    }

    // Not File.OpenHandle: the runtime takes a lock of its own on every file it opens.
    private static SafeFileHandle? OpenFile(string path, int flags)
    {
        var fd = Open(path, flags, Mode);
        if (fd >= 0)
            return new SafeFileHandle(fd, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        return error switch
        {
            ErrorNoEntry or ErrorNotDirectory => null,
            ErrorAccess => throw new UnauthorizedAccessException($"{path}: permission denied."),
            _ => throw new IOException($"{path} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}"),
        };
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle fd, int command, ref Range range);

    /// <summary>struct flock of 64-bit Linux; zero start and length mean the whole file, and the pid must be zero.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Range
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Pid;
    }
}

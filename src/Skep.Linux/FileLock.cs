using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Skep.Linux;

/// <summary>
/// An exclusive lock of the whole machine, held by a process on a file (flock) until it is released or the process ends
/// in any way. The file says who holds it.
/// </summary>
public sealed partial class FileLock : IDisposable
{
    private const int HolderMax = 4096;
    private const int ExclusiveNonBlocking = 2 | 4; // LOCK_EX | LOCK_NB
    private const int WouldBlock = 11;

    private readonly SafeFileHandle _file;

    private FileLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes the lock and writes <paramref name="holder"/> into the file; null when another process has it.</summary>
    /// <exception cref="IOException">The file cannot be opened or locked.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be opened for lack of rights.</exception>
    public static FileLock? TryTake(string path, string holder)
    {
        // ReadWrite sharing: the runtime's own advisory lock must not get in the way of this one.
        var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (Flock(file, ExclusiveNonBlocking) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            file.Dispose();
            return error == WouldBlock ? null : throw new IOException($"{path} cannot be locked: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(holder), 0);
        return new FileLock(file);
    }

    /// <summary>What the holder wrote, or null when nobody holds the lock (or the file does not exist).</summary>
    public static string? ReadHolder(string path)
    {
        if (!File.Exists(path))
            return null;
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (Flock(file, ExclusiveNonBlocking) == 0)
            return null; // closing the file releases it
        var buffer = new byte[HolderMax];
        return Encoding.UTF8.GetString(buffer, 0, RandomAccess.Read(file, buffer, 0));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle fd, int operation);
}

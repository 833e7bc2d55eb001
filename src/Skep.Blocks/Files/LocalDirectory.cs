using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Skep.Blocks.Files.NativeMethods;

namespace Skep.Blocks.Files;

/// <summary>
/// A directory of the machine's own file system (Linux). Failures are <see cref="IOException"/>s that name the path and
/// keep errno in <see cref="Exception.HResult"/>; names are checked by <see cref="BlockFileName"/>. Safe for concurrent use.
/// </summary>
public sealed class LocalDirectory : IBlockDirectory
{
    private readonly DriveInfo _drive;

    private LocalDirectory(string path)
    {
        Path = path;
        _drive = new DriveInfo(path);
    }

    /// <summary>The full path.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public long FreeBytes => _drive.AvailableFreeSpace;

    /// <summary>Opens a directory, making it (readable by its owner alone) if it does not exist; its parents must.</summary>
    public static async ValueTask<LocalDirectory> OpenAsync(string path, CancellationToken ct)
    {
        path = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(path))
        {
            var parent = System.IO.Path.GetDirectoryName(path)!;
            if (!Directory.Exists(parent))
                throw new DirectoryNotFoundException($"{parent}, where {path} would be made, does not exist");
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await Task.Run(() => SyncDirectory(parent), ct);
        }
        return new LocalDirectory(path);
    }

    /// <inheritdoc/>
    public ValueTask<IBlockFile> OpenAsync(string name, BlockFileMode mode, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var path = PathOf(name);
        try
        {
            var handle = File.OpenHandle(
                path,
                mode switch
                {
                    BlockFileMode.Open => FileMode.Open,
                    BlockFileMode.OpenOrCreate => FileMode.OpenOrCreate,
                    BlockFileMode.CreateNew => FileMode.CreateNew,
                    _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no such mode"),
                },
                FileAccess.ReadWrite,
                // Who may use the files is decided by LockAsync; the runtime's own lock would only refuse second handles.
                FileShare.ReadWrite | FileShare.Delete);
            return new(new LocalFile(path, handle));
        }
        catch (UnauthorizedAccessException ex)
        {
            throw new IOException($"open {path}: {ex.Message}", EACCES);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return new([.. new DirectoryInfo(Path).EnumerateFiles().Select(file => file.Name)]);
    }

    /// <inheritdoc/>
    public ValueTask RenameAsync(string name, string newName, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var (from, to) = (PathOf(name), PathOf(newName));
        return rename(from, to) == 0 ? default : throw LastError($"rename {from} to {to}");
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string name, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var path = PathOf(name);
        if (unlink(path) != 0 && Marshal.GetLastPInvokeError() != ENOENT)
            throw LastError($"unlink {path}");
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask SyncAsync(CancellationToken ct)
    {
        // Not cancelled once begun: the caller could not know what is durable.
        ct.ThrowIfCancellationRequested();
        await Task.Run(() => SyncDirectory(Path), CancellationToken.None);
    }

    /// <inheritdoc/>
    /// <remarks>flock(2) on the directory itself: no file to leave behind, and the kernel lets go when the process ends.</remarks>
    public ValueTask<IDisposable> LockAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var handle = OpenDirectory(Path);
        if (flock(handle, LOCK_EX | LOCK_NB) == 0)
            return new(new DirectoryLock(handle));
        var error = Marshal.GetLastPInvokeError() == EAGAIN
            ? new IOException($"{Path} is in use: another process, or another opener in this one, has locked it", EAGAIN)
            : LastError($"flock {Path}");
        handle.Dispose();
        throw error;
    }

    private static void SyncDirectory(string path)
    {
        using var handle = OpenDirectory(path);
        if (fsync(handle) != 0)
            throw LastError($"fsync {path}");
    }

    private static SafeFileHandle OpenDirectory(string path)
    {
        var handle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return handle.IsInvalid ? throw LastError($"open {path}") : handle;
    }

    private string PathOf(string name)
    {
        BlockFileName.Check(name);
        return System.IO.Path.Join(Path, name);
    }

    /// <summary>
    /// Unlocks before it closes: a program that is being started at that moment has a copy of the handle until its exec, and
    /// the lock would go with the last copy.
    /// </summary>
    private sealed class DirectoryLock(SafeFileHandle handle) : IDisposable
    {
        public void Dispose()
        {
            if (handle.IsClosed)
                return;
            _ = flock(handle, LOCK_UN);
            handle.Dispose();
        }
    }
}

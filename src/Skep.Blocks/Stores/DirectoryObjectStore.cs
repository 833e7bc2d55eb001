using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Skep.Blocks.Files;
using static Skep.Blocks.Files.NativeMethods;

namespace Skep.Blocks.Stores;

/// <summary>
/// Objects as files of a directory: the key is the path. A PUT writes a temporary file, syncs it, gives it its name (link(2)
/// when there must be one winner, rename(2) otherwise) and syncs the directory, so that after a power failure there is
/// the whole object or none. Thread-safe, and several processes may use one directory.
/// </summary>
/// <remarks>
/// Unlike in an object store proper, "a" and "a/b" cannot both exist, and a part of a key between slashes has at most 255
/// characters and does not begin with a dot; such keys are refused.
/// </remarks>
public sealed class DirectoryObjectStore : IObjectStore
{
    private const string TemporaryFolder = ".tmp";
    private const int NameLengthMax = 255;
    private const int ENOTDIR = 20;
    private const int EISDIR = 21;
    private const int ENAMETOOLONG = 36;

    /// <summary>No PUT takes this long: an older temporary file is what a crash left.</summary>
    private static readonly TimeSpan _leftoverAge = TimeSpan.FromHours(1);

    private readonly string _root;
    private readonly string _temporary;
    private readonly TaskScheduler _scheduler;
    private readonly string _process;
    private readonly UncachedWriter _writer = new();
    private long _lastPut;

    private DirectoryObjectStore(string root, TaskScheduler scheduler, string process)
    {
        _root = root;
        _temporary = Path.Combine(root, TemporaryFolder);
        _scheduler = scheduler;
        _process = process;
    }

    /// <inheritdoc/>
    public string Name => _root;

    /// <summary>Opens a directory as a store; makes it if need be, and removes what crashed PUTs left.</summary>
    /// <param name="path">The directory; its parent must exist.</param>
    /// <param name="scheduler">Where system calls that wait for the disk run; <see cref="TaskScheduler.Default"/> in programs.</param>
    /// <param name="time">Tells leftovers from PUTs under way.</param>
    /// <param name="random">Makes the names of temporary files differ from those of other processes.</param>
    /// <exception cref="ObjectStoreException">The directory cannot be used.</exception>
    public static DirectoryObjectStore Open(string path, TaskScheduler scheduler, TimeProvider time, Random random)
    {
        path = Path.GetFullPath(path);
        var store = new DirectoryObjectStore(path, scheduler, $"{Environment.ProcessId}-{random.NextInt64():x16}");
        try
        {
            store.MakeDirectories(store._temporary, "");
            foreach (var file in new DirectoryInfo(store._temporary).EnumerateFiles())
            {
                if (time.GetUtcNow().UtcDateTime - file.LastWriteTimeUtc > _leftoverAge)
                    file.Delete();
            }

            return store;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw store.Translate(ex, "open", "");
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        var path = PathOf(key);
        return RunAsync("put", key, () => Put(key, path, parts, condition), ct);
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        var path = PathOf(key);
        await RunAsync("get", key, () => Get(key, path, offset, destination.Span), ct);
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindAsync(string key, CancellationToken ct)
    {
        var path = PathOf(key);
        return RunAsync<long?>("find", key, () => new FileInfo(path) is { Exists: true } file ? file.Length : Missing<long?>(null), ct);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        // Directories still to be entered and files still to be shown; the next in order is on top.
        var pending = new Stack<string>([""]);
        while (pending.TryPop(out var next))
        {
            ct.ThrowIfCancellationRequested();
            if (next.Length > 0 && next[^1] != '/')
            {
                var file = new FileInfo(Path.Combine(_root, next));
                if (file.Exists)
                    yield return new StoredObject(next, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero));
                continue;
            }

            var names = await RunAsync("list", next, () => List(next, prefix, after), ct);
            for (var i = names.Count - 1; i >= 0; i--)
                pending.Push(names[i]);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        var path = PathOf(key);
        await RunAsync("delete", key, () => Delete(path), ct);
    }

    private bool Put(string key, string path, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition)
    {
        var temporary = Path.Combine(_temporary, $"{_process}-{Interlocked.Increment(ref _lastPut)}");
        try
        {
            using (var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
            {
                _writer.Write(handle, temporary, parts);
                if (fdatasync(handle) != 0)
                    throw LastError($"fdatasync {temporary}");
            }

            var folder = Path.GetDirectoryName(path)!;
            MakeDirectories(folder, key);
            if (condition == PutCondition.None)
            {
                if (rename(temporary, path) != 0)
                    throw LastError($"rename to {path}");
            }
            else if (link(temporary, path) != 0)
            {
                var failure = LastError($"link to {path}");
                return failure.HResult == EEXIST && !Directory.Exists(path) ? false : throw failure;
            }

            SyncDirectory(folder);
            return true;
        }
        finally
        {
            _ = unlink(temporary);
        }
    }

    private bool Get(string key, string path, long offset, Span<byte> destination)
    {
        using var handle = OpenObject(path);
        var done = 0;
        while (done < destination.Length)
        {
            var count = RandomAccess.Read(handle, destination[done..], offset + done);
            if (count == 0)
                throw ObjectKeys.Short(Name, key, RandomAccess.GetLength(handle), offset, destination.Length);
            done += count;
        }

        return true;
    }

    private SafeFileHandle OpenObject(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            _ = Missing(false);
            throw;
        }
    }

    /// <summary>
    /// The answer where an object is not found, if the store itself is there: of a directory that is gone, or is the empty
    /// mount point of a file system that is, nothing may be taken for missing.
    /// </summary>
    private T Missing<T>(T answer) => Directory.Exists(_temporary)
        ? answer
        : throw new IOException($"the directory is gone: it has no {TemporaryFolder}, which it had when it was opened");

    private bool Delete(string path)
    {
        if (unlink(path) != 0)
            return Marshal.GetLastPInvokeError() is ENOENT or ENOTDIR ? Missing(false) : throw LastError($"unlink {path}");
        SyncDirectory(Path.GetDirectoryName(path)!);
        return true;
    }

    /// <summary>
    /// What is in a directory and can match, as keys, directories with a slash at their end: so they sort as their
    /// content does among the files.
    /// </summary>
    private List<string> List(string folder, string prefix, string? after)
    {
        var directory = new DirectoryInfo(Path.Combine(_root, folder));
        if (folder.Length == 0 || !directory.Exists)
            _ = Missing(true);
        if (!directory.Exists)
            return [];
        var names = new List<string>();
        foreach (var entry in directory.EnumerateFileSystemInfos())
        {
            if (entry.Name[0] == '.')
                continue;
            var isFolder = entry is DirectoryInfo;
            var key = folder + entry.Name + (isFolder ? "/" : "");
            var matches = key.StartsWith(prefix, StringComparison.Ordinal) || (isFolder && prefix.StartsWith(key, StringComparison.Ordinal));
            var isAfter = after is null || string.CompareOrdinal(key, after) > 0 || (isFolder && after.StartsWith(key, StringComparison.Ordinal));
            if (matches && isAfter)
                names.Add(key);
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Makes a directory and those above it, each durable before anything in it is.</summary>
    private void MakeDirectories(string path, string key)
    {
        if (Directory.Exists(path))
            return;
        var parent = Path.GetDirectoryName(path)!;
        if (path != _root)
            MakeDirectories(parent, key);
        else if (!Directory.Exists(parent))
            throw new DirectoryNotFoundException($"{parent}, where {path} would be made, does not exist");
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        SyncDirectory(parent);
    }

    private static void SyncDirectory(string path)
    {
        using var handle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (handle.IsInvalid)
            throw LastError($"open {path}");
        if (fsync(handle) != 0)
            throw LastError($"fsync {path}");
    }

    private string PathOf(string key)
    {
        ObjectKeys.Check(Name, key);
        foreach (var part in key.Split('/'))
        {
            if (part.Length is 0 or > NameLengthMax || part[0] == '.')
                throw new ObjectStoreException(ObjectStoreError.Refused, $"{Name}: \"{key}\" cannot be a file: \"{part}\" is empty, longer than {NameLengthMax} or begins with a dot");
        }

        return Path.Combine(_root, key);
    }

    private async ValueTask<T> RunAsync<T>(string verb, string key, Func<T> call, CancellationToken ct)
    {
        try
        {
            return await Task.Factory.StartNew(call, ct, TaskCreationOptions.DenyChildAttach, _scheduler);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw Translate(ex, verb, key);
        }
    }

    private ObjectStoreException Translate(Exception ex, string verb, string key)
    {
        var error = ex switch
        {
            FileNotFoundException or DirectoryNotFoundException when verb == "get" => ObjectStoreError.NotFound,
            _ when FileErrors.IsDiskFull(ex) => ObjectStoreError.Full,
            UnauthorizedAccessException or IOException { HResult: ENOTDIR or EISDIR or EEXIST or ENAMETOOLONG or EACCES } => ObjectStoreError.Refused,
            _ => ObjectStoreError.Unavailable,
        };
        return error == ObjectStoreError.NotFound
            ? ObjectKeys.NotFound(Name, key)
            : new ObjectStoreException(error, $"{Name}: {verb} {key}: {ex.Message}", ex);
    }
}

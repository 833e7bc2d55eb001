namespace Skep.Objects.Disk;

/// <summary>Data files in a directory: tmp/ for what is being written, data/&lt;directory&gt;/ for what is published.</summary>
internal sealed class PosixDisk : IDataDisk
{
    private readonly string _root;
    private readonly string _temporary;
    private readonly string _data;
    private readonly Lock _lock = new();
    private readonly HashSet<long> _directories = [];
    private readonly HashSet<long> _unsynced = [];

    public PosixDisk(string root)
    {
        _root = root;
        _temporary = Path.Combine(root, "tmp");
        _data = Path.Combine(root, "data");
    }

    /// <inheritdoc/>
    public long FreeBytes => new DriveInfo(_root).AvailableFreeSpace;

    /// <inheritdoc/>
    public void Prepare()
    {
        Directory.CreateDirectory(_temporary);
        Directory.CreateDirectory(_data);
        foreach (var file in Directory.EnumerateFiles(_temporary))
            File.Delete(file);
        // A directory that was made by a process that was killed may not be durable: the files in it would go with it.
        NativeDisk.SyncDirectory(_data);
        NativeDisk.SyncDirectory(_root);
        foreach (var path in Directory.EnumerateDirectories(_data))
        {
            if (DataNames.Parse(Path.GetFileName(path)) is { } directory)
                _directories.Add(directory);
        }
    }

    /// <inheritdoc/>
    public IDataFile Create(long id) =>
        new PosixFile(File.OpenHandle(TemporaryPath(id), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete), TemporaryPath(id));

    /// <inheritdoc/>
    public void Publish(long id)
    {
        var directory = DataNames.DirectoryOf(id);
        lock (_lock)
        {
            if (_directories.Add(directory))
            {
                Directory.CreateDirectory(DirectoryPath(directory));
                _unsynced.Add(directory);
            }
        }

        File.Move(TemporaryPath(id), PathOf(id), overwrite: false);
    }

    /// <inheritdoc/>
    public void Discard(long id) => File.Delete(TemporaryPath(id));

    /// <inheritdoc/>
    public void SyncDirectory(long directory)
    {
        bool isNew;
        lock (_lock)
            isNew = _unsynced.Contains(directory);
        if (isNew)
        {
            NativeDisk.SyncDirectory(_data);
            lock (_lock)
                _unsynced.Remove(directory);
        }

        NativeDisk.SyncDirectory(DirectoryPath(directory));
    }

    /// <inheritdoc/>
    public IDataFile Open(long id)
    {
        try
        {
            return new PosixFile(File.OpenHandle(PathOf(id), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), PathOf(id));
        }
        catch (DirectoryNotFoundException ex)
        {
            throw new FileNotFoundException(ex.Message, ex);
        }
    }

    /// <inheritdoc/>
    public void Delete(long id)
    {
        try
        {
            File.Delete(PathOf(id));
        }
        catch (DirectoryNotFoundException)
        {
            // Then the file is not there either.
        }
    }

    /// <inheritdoc/>
    public IEnumerable<long> List()
    {
        foreach (var directory in Directory.EnumerateDirectories(_data))
        {
            foreach (var path in Directory.EnumerateFiles(directory))
            {
                if (DataNames.Parse(Path.GetFileName(path)) is { } id)
                    yield return id;
            }
        }
    }

    private string TemporaryPath(long id) => Path.Combine(_temporary, DataNames.Format(id));

    private string DirectoryPath(long directory) => Path.Combine(_data, DataNames.Format(directory));

    private string PathOf(long id) => Path.Combine(DirectoryPath(DataNames.DirectoryOf(id)), DataNames.Format(id));
}

using Skep.Blocks.Files;

namespace Skep.Blocks.Tests.Log;

/// <summary>
/// A directory in memory that knows what is durable: <see cref="Crash"/> keeps that alone. Every operation completes at once
/// unless <see cref="IsSlow"/>.
/// </summary>
public sealed class MemoryDirectory : IBlockDirectory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, MemoryFile> _names = [];
    private Dictionary<string, MemoryFile> _durableNames = [];
    private bool _isLocked;

    /// <summary>Operations complete later.</summary>
    public bool IsSlow { get; set; }

    /// <summary>Called before each write; may throw.</summary>
    public Action<string, long, int>? OnWrite { get; set; }

    /// <summary>Called before each sync of a file; may throw.</summary>
    public Action<string>? OnSync { get; set; }

    /// <summary>After a failed write this many bytes of it are there all the same.</summary>
    public int BytesKeptOfFailedWrite { get; set; }

    public int Syncs { get; set; }

    public int Writes { get; set; }

    public long FreeBytes { get; set; } = 1L << 40;

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
                return [.. _names.Keys];
        }
    }

    public byte[] Content(string name)
    {
        lock (_gate)
            return _names[name].Volatile;
    }

    /// <summary>What the disk holds after a loss of power.</summary>
    /// <param name="isLucky">Whether all that was written got there although it was not synced.</param>
    public MemoryDirectory Crash(bool isLucky = false)
    {
        var next = new MemoryDirectory();
        lock (_gate)
            foreach (var (name, file) in isLucky ? _names : _durableNames)
                next._names[name] = new MemoryFile(next, name, isLucky ? file.Volatile : file.Durable);
        next._durableNames = new Dictionary<string, MemoryFile>(next._names);
        _isLocked = false;
        return next;
    }

    public async ValueTask<IBlockFile> OpenAsync(string name, BlockFileMode mode, CancellationToken ct)
    {
        await PauseAsync();
        lock (_gate)
        {
            if (_names.TryGetValue(name, out var file))
                return mode == BlockFileMode.CreateNew ? throw new IOException($"{name} exists") : file;
            if (mode == BlockFileMode.Open)
                throw new FileNotFoundException($"{name} does not exist");
            return _names[name] = new MemoryFile(this, name, []);
        }
    }

    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct)
    {
        lock (_gate)
            return new([.. _names.Keys]);
    }

    public ValueTask RenameAsync(string name, string newName, CancellationToken ct)
    {
        lock (_gate)
        {
            _names[newName] = _names[name];
            _names.Remove(name);
        }
        return default;
    }

    public ValueTask DeleteAsync(string name, CancellationToken ct)
    {
        lock (_gate)
            _names.Remove(name);
        return default;
    }

    public ValueTask SyncAsync(CancellationToken ct)
    {
        lock (_gate)
            _durableNames = new Dictionary<string, MemoryFile>(_names);
        return default;
    }

    public ValueTask<IDisposable> LockAsync(CancellationToken ct)
    {
        if (_isLocked)
            throw new IOException("the directory is in use");
        _isLocked = true;
        return new(new Unlock(this));
    }

    internal async ValueTask PauseAsync()
    {
        if (IsSlow)
            await Task.Yield();
    }

    private sealed class Unlock(MemoryDirectory directory) : IDisposable
    {
        public void Dispose() => directory._isLocked = false;
    }
}

/// <summary>A file of a <see cref="MemoryDirectory"/>.</summary>
public sealed class MemoryFile(MemoryDirectory directory, string name, byte[] content) : IBlockFile
{
    private const int PageBytes = 4096;

    private readonly Lock _gate = new();
    private byte[] _content = [.. content];
    private int _length = content.Length;
    private readonly HashSet<int> _dirtyPages = [];

    public byte[] Durable { get; private set; } = [.. content];

    public byte[] Volatile
    {
        get
        {
            lock (_gate)
                return _content[.._length];
        }
    }

    public long LengthBytes => _length;

    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken ct)
    {
        await directory.PauseAsync();
        lock (_gate)
        {
            int count = (int)Math.Clamp(_length - offset, 0, destination.Length);
            if (count > 0)
                _content.AsSpan((int)offset, count).CopyTo(destination.Span);
            return count;
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken ct) => WriteAsync(offset, [source], ct);

    public async ValueTask WriteAsync(long offset, IReadOnlyList<ReadOnlyMemory<byte>> sources, CancellationToken ct)
    {
        await directory.PauseAsync();
        directory.Writes++;
        byte[] all = sources.SelectMany(s => s.ToArray()).ToArray();
        try
        {
            directory.OnWrite?.Invoke(name, offset, all.Length);
        }
        catch
        {
            Put(offset, all.AsSpan(0, Math.Min(all.Length, directory.BytesKeptOfFailedWrite)));
            throw;
        }
        Put(offset, all);
    }

    public async ValueTask SyncAsync(CancellationToken ct)
    {
        await directory.PauseAsync();
        directory.Syncs++;
        try
        {
            directory.OnSync?.Invoke(name);
        }
        catch
        {
            // As the kernel has it: what could not be written counts as clean from now on.
            lock (_gate)
                _dirtyPages.Clear();
            throw;
        }
        lock (_gate)
        {
            byte[] durable = new byte[_length];
            Durable.AsSpan(0, Math.Min(Durable.Length, _length)).CopyTo(durable);
            foreach (int at in _dirtyPages.Select(page => page * PageBytes).Where(at => at < _length))
                _content.AsSpan(at, Math.Min(PageBytes, _length - at)).CopyTo(durable.AsSpan(at));
            _dirtyPages.Clear();
            Durable = durable;
        }
    }

    public ValueTask SetLengthAsync(long lengthBytes, CancellationToken ct)
    {
        lock (_gate)
        {
            Array.Resize(ref _content, (int)lengthBytes);
            _length = (int)lengthBytes;
        }
        return default;
    }

    public ValueTask<bool> TryAllocateAsync(long lengthBytes, CancellationToken ct) => new(false);

    public ValueTask PunchAsync(long offset, long length, CancellationToken ct)
    {
        Put(offset, new byte[length]);
        return default;
    }

    public ValueTask DisposeAsync() => default;

    /// <summary>Turns a bit of what is stored.</summary>
    public void Damage(int at)
    {
        _content[at] ^= 0x40;
        if (at < Durable.Length)
            Durable[at] ^= 0x40;
    }

    private void Put(long offset, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            int end = (int)offset + data.Length;
            if (end > _content.Length)
                Array.Resize(ref _content, Math.Max(end, _content.Length * 2));
            _length = Math.Max(_length, end);
            data.CopyTo(_content.AsSpan((int)offset));
            for (int page = (int)offset / PageBytes; page * PageBytes < end; page++)
                _dirtyPages.Add(page);
        }
    }
}

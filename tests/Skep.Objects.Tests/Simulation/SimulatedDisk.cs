using Skep.Objects.Disk;

namespace Skep.Objects.Tests.Simulation;

/// <summary>The process died here; nothing of it does anything any more.</summary>
public sealed class CrashException() : Exception("the simulated machine has lost power");

/// <summary>
/// A disk that keeps only what was synced. At a crash each write since a file's last sync is kept, lost or torn, and each name
/// since its directory's last sync is kept or lost, as the seed says. Every operation counts; at a given one it crashes, at
/// another it fails.
/// </summary>
internal sealed class SimulatedDisk(Random random) : IDataDisk
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, SimulatedFile> _temporary = [];
    private readonly Dictionary<long, SimulatedFile> _published = [];
    private readonly Dictionary<long, SimulatedFile> _durable = []; // names that a crash leaves
    private bool _isDead;

    /// <summary>Operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The operation at which the power goes; 0 for never.</summary>
    public int CrashAt { get; set; }

    /// <summary>The operation that fails with an error of the disk; 0 for none.</summary>
    public int FailAt { get; set; }

    /// <summary>What the failing operation says.</summary>
    public IOException Failure { get; set; } = new("input/output error", 5);

    public long FreeBytes { get; set; } = long.MaxValue;

    public int FileCount => _published.Count;

    public void Prepare()
    {
        lock (_lock)
            _temporary.Clear();
    }

    public IDataFile Create(long id)
    {
        lock (_lock)
        {
            Step();
            var file = new SimulatedFile(this);
            _temporary.Add(id, file);
            return new Handle(this, file);
        }
    }

    public void Publish(long id)
    {
        lock (_lock)
        {
            Step();
            _temporary.Remove(id, out var file);
            _published.Add(id, file!);
        }
    }

    public void Discard(long id)
    {
        lock (_lock)
        {
            Step();
            _temporary.Remove(id);
        }
    }

    public void SyncDirectory(long directory)
    {
        lock (_lock)
        {
            Step();
            foreach (var id in _published.Keys.Union(_durable.Keys).Where(i => DataNames.DirectoryOf(i) == directory).ToList())
                MakeNameDurable(id);
        }
    }

    public IDataFile Open(long id)
    {
        lock (_lock)
        {
            Step();
            return _published.TryGetValue(id, out var file) ? new Handle(this, file) : throw new FileNotFoundException($"{id}");
        }
    }

    public void Delete(long id)
    {
        lock (_lock)
        {
            Step();
            _published.Remove(id);
        }
    }

    public IEnumerable<long> List()
    {
        lock (_lock)
            return [.. _published.Keys];
    }

    /// <summary>The disk as the next process finds it.</summary>
    public SimulatedDisk AfterCrash(Random next)
    {
        lock (_lock)
        {
            _isDead = true;
            foreach (var id in _published.Keys.Union(_durable.Keys).Where(_ => random.Next(2) == 0).ToList())
                MakeNameDurable(id);
            var disk = new SimulatedDisk(next);
            foreach (var (id, file) in _durable)
            {
                var copy = file.AfterCrash(disk, random);
                disk._published.Add(id, copy);
                disk._durable.Add(id, copy);
            }

            return disk;
        }
    }

    private void MakeNameDurable(long id)
    {
        if (_published.TryGetValue(id, out var file))
            _durable[id] = file;
        else
            _durable.Remove(id);
    }

    private void Step()
    {
        Operations++;
        if (_isDead || Operations == CrashAt)
        {
            _isDead = true;
            throw new CrashException();
        }

        if (Operations == FailAt)
            throw Failure;
    }

    private sealed class SimulatedFile(SimulatedDisk disk)
    {
        private readonly List<(long Offset, byte[] Bytes)> _unsynced = [];
        private byte[] _durable = [];

        public byte[] Content { get; private set; } = [];

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            _unsynced.Add((offset, bytes.ToArray()));
            Content = Apply(Content, offset, bytes);
        }

        public void Sync()
        {
            _durable = Content;
            _unsynced.Clear();
        }

        public SimulatedFile AfterCrash(SimulatedDisk next, Random random)
        {
            var content = _durable;
            foreach (var (offset, bytes) in _unsynced)
            {
                var kept = random.Next(3) switch { 0 => 0, 1 => random.Next(bytes.Length + 1), _ => bytes.Length };
                content = Apply(content, offset, bytes.AsSpan(0, kept));
            }

            return new SimulatedFile(next) { Content = content, _durable = content };
        }

        private static byte[] Apply(byte[] content, long offset, ReadOnlySpan<byte> bytes)
        {
            var changed = new byte[Math.Max(content.Length, bytes.IsEmpty ? 0 : (int)offset + bytes.Length)];
            content.CopyTo(changed, 0);
            bytes.CopyTo(changed.AsSpan((int)offset));
            return changed;
        }

        public void Step() => disk.Step();
    }

    private sealed class Handle(SimulatedDisk disk, SimulatedFile file) : IDataFile
    {
        public long LengthBytes => file.Content.Length;

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            lock (disk._lock)
            {
                file.Step();
                file.Write(offset, bytes);
            }
        }

        public int Read(long offset, Span<byte> destination)
        {
            lock (disk._lock)
            {
                file.Step();
                var count = (int)Math.Clamp(file.Content.Length - offset, 0, destination.Length);
                file.Content.AsSpan((int)Math.Min(offset, file.Content.Length), count).CopyTo(destination);
                return count;
            }
        }

        public void Sync()
        {
            lock (disk._lock)
            {
                file.Step();
                file.Sync();
            }
        }

        public void BeginSync(long offset, long length)
        {
        }

        public void Dispose()
        {
        }
    }
}

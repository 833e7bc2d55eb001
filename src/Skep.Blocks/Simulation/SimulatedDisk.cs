using Skep.Blocks.Files;

namespace Skep.Blocks.Simulation;

/// <summary>
/// The disk of a simulated machine: what its page cache shows and what would survive a power cut. Contents are durable after
/// the file's sync, names after the directory's; until then every change is kept, lost or torn on its own.
/// </summary>
public sealed partial class SimulatedDisk(SimulatedScheduler scheduler, SimulationRandom random, string name)
{
    private readonly Dictionary<string, SimulatedInode> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedInode> _durableNames = new(StringComparer.Ordinal);
    private readonly List<NameChange> _pending = [];
    private SimulatedProcess? _lockOwner;
    private long _settledCount;

    /// <summary>For messages.</summary>
    public string Name { get; } = name;

    /// <summary>What goes wrong.</summary>
    public DiskFaults Faults { get; } = new();

    /// <summary>Called before every input and output with the process that asks; may kill it or cut the power.</summary>
    public Action<SimulatedProcess>? BeforeIo { get; set; }

    /// <summary>How many reads, writes, syncs and changes of names were asked for.</summary>
    public long IoCount { get; private set; }

    /// <summary>Bytes that files hold, in whole pages.</summary>
    public long UsedBytes { get; internal set; }

    /// <summary>The names of the files now.</summary>
    public IReadOnlyCollection<string> Names => _names.Keys;

    internal SimulatedScheduler Scheduler => scheduler;

    internal SimulationRandom Random => random;

    internal long FreeBytes => Math.Max(0, Faults.CapacityBytes - UsedBytes);

    /// <summary>The directory as a process sees it.</summary>
    public IBlockDirectory For(SimulatedProcess process) => new SimulatedDirectory(this, process);

    /// <summary>
    /// Loses the power: what was not durable is decided change by change. The caller kills the processes of the machine.
    /// </summary>
    public void CutPower()
    {
        scheduler.Trace.Say($"{Name}: power cut");
        // Some cuts lose or keep everything, so that both ends are common; most are a mixture.
        var keepPerMille = random.Pick<int>([0, 1000, 200, 500, 800]);
        foreach (var change in _pending)
        {
            if (random.Chance(keepPerMille))
                change.ApplyTo(_durableNames);
        }
        _settledCount += _pending.Count;
        _pending.Clear();
        foreach (var inode in _names.Values.Concat(_durableNames.Values).Distinct())
            inode.CutPower(random, keepPerMille);
        _names.Clear();
        UsedBytes = 0;
        foreach (var (file, inode) in _durableNames)
        {
            _names.Add(file, inode);
            UsedBytes += inode.UsedBytes;
        }
        foreach (var file in _names.Keys.Order(StringComparer.Ordinal))
        {
            scheduler.Trace.Mix(file);
            scheduler.Trace.Mix(_names[file].LengthBytes);
        }
        _lockOwner = null;
        HasLostNames = false;
    }

    /// <summary>Inverts one bit of a file, in the page cache and on the medium.</summary>
    public void FlipBit(string file, long offset, int bit)
    {
        scheduler.Trace.Say($"{Name}: bit {bit} of byte {offset} of {file} flips");
        _names[file].FlipBit(offset, bit);
    }

    /// <summary>A file's length in bytes.</summary>
    public long LengthOf(string file) => _names[file].LengthBytes;

    internal SimulatedInode Open(string file, BlockFileMode mode)
    {
        if (_names.TryGetValue(file, out var inode))
        {
            return mode != BlockFileMode.CreateNew
                ? inode
                : throw new IOException($"{Name}/{file} exists", NativeMethods.EEXIST);
        }
        if (mode == BlockFileMode.Open)
            throw new FileNotFoundException($"{Name}/{file} does not exist");
        if (FreeBytes == 0)
            throw FileErrors.DiskFull($"{Name}/{file}");
        inode = new SimulatedInode();
        _names.Add(file, inode);
        _pending.Add(new(inode, From: null, file));
        return inode;
    }

    internal void Rename(string file, string newName)
    {
        if (!_names.Remove(file, out var inode))
            throw new FileNotFoundException($"{Name}/{file} does not exist");
        if (_names.TryGetValue(newName, out var replaced) && replaced != inode)
            UsedBytes -= replaced.Unlink();
        _names[newName] = inode;
        _pending.Add(new(inode, file, newName));
    }

    internal void Delete(string file)
    {
        if (!_names.Remove(file, out var inode))
            return;
        UsedBytes -= inode.Unlink();
        _pending.Add(new(inode, file, To: null));
    }

    /// <summary>How many changes of names there have been.</summary>
    internal long NameChangeCount => _settledCount + _pending.Count;

    internal void SyncNames(long changeCount) => Settle(changeCount, _ => true);

    /// <summary>A sync of the directory has failed since the power was last cut.</summary>
    internal bool HasLostNames { get; private set; }

    internal void LoseNames(long changeCount)
    {
        HasLostNames = true;
        Settle(changeCount, _ => random.Chance(500));
    }

    private void Settle(long changeCount, Predicate<NameChange> isKept)
    {
        var count = (int)Math.Max(0, changeCount - _settledCount);
        foreach (var change in _pending.Take(count))
        {
            if (isKept(change))
                change.ApplyTo(_durableNames);
        }
        _pending.RemoveRange(0, count);
        _settledCount += count;
    }

    internal IDisposable Lock(SimulatedProcess process)
    {
        if (_lockOwner is { IsAlive: true } owner)
            throw new IOException($"{Name} is in use by {owner.Name}", NativeMethods.EAGAIN);
        _lockOwner = process;
        return new Unlocker(this, process);
    }

    private sealed class Unlocker(SimulatedDisk disk, SimulatedProcess process) : IDisposable
    {
        public void Dispose()
        {
            if (process.IsAlive && disk._lockOwner == process)
                disk._lockOwner = null;
        }
    }

    /// <summary>A creation (no old name), a renaming or a removal (no new name).</summary>
    private sealed record NameChange(SimulatedInode Inode, string? From, string? To)
    {
        public void ApplyTo(Dictionary<string, SimulatedInode> names)
        {
            if (From is not null && names.GetValueOrDefault(From) == Inode)
                names.Remove(From);
            if (To is not null)
                names[To] = Inode;
        }
    }
}

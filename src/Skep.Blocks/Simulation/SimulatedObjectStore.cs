using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

/// <summary>
/// An object store with a network before it, shared by all processes. Objects are strongly consistent and stores
/// with <see cref="PutCondition.IfAbsent"/> linearizable; answers get lost, requests arrive late or twice (also those of dead
/// processes), lists lag.
/// </summary>
public sealed class SimulatedObjectStore(SimulatedScheduler scheduler, SimulationRandom random)
{
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _outageUntilTicks;

    /// <summary>What goes wrong.</summary>
    public StoreFaults Faults { get; } = new();

    /// <summary>Called before every request with the process that makes it; may kill it.</summary>
    public Action<SimulatedProcess>? BeforeIo { get; set; }

    /// <summary>How many requests were made.</summary>
    public long IoCount { get; private set; }

    /// <summary>Keys and lengths of what is stored now, whatever lists say.</summary>
    public IReadOnlyDictionary<string, long> Objects =>
        _entries.Where(entry => entry.Value.Content is not null).ToDictionary(entry => entry.Key, entry => (long)entry.Value.Content!.Length);

    internal SimulatedScheduler Scheduler => scheduler;

    internal SimulationRandom Random => random;

    internal IEnumerable<string> Keys => _entries.Keys;

    internal bool IsOut => scheduler.NowTicks < _outageUntilTicks;

    /// <summary>The store as a process sees it.</summary>
    public IObjectStore For(SimulatedProcess process) => new SimulatedStoreClient(this, process);

    /// <summary>Nothing is answered for a time.</summary>
    public void BeginOutage(TimeSpan time)
    {
        scheduler.Trace.Say($"store: outage of {time}");
        _outageUntilTicks = Math.Max(_outageUntilTicks, scheduler.NowTicks + time.Ticks);
    }

    /// <summary>Ends an outage early.</summary>
    public void EndOutage() => _outageUntilTicks = 0;

    /// <summary>Inverts one bit of an object.</summary>
    public void FlipBit(string key, long offset, int bit)
    {
        scheduler.Trace.Say($"store: bit {bit} of byte {offset} of {key} flips");
        var content = (byte[])_entries[key].Content!.Clone();
        content[offset] ^= (byte)(1 << bit);
        _entries[key].Content = content;
    }

    /// <summary>Cuts an object.</summary>
    public void Truncate(string key, int lengthBytes)
    {
        scheduler.Trace.Say($"store: {key} is cut to {lengthBytes}");
        _entries[key].Content = _entries[key].Content![..lengthBytes];
    }

    /// <summary>Takes an object away behind everybody's back.</summary>
    public void Lose(string key)
    {
        scheduler.Trace.Say($"store: {key} is lost");
        _entries[key].Content = null;
    }

    internal void CountIo(SimulatedProcess process, string what, string key, long length)
    {
        scheduler.CheckThread(what);
        IoCount++;
        if (process.IsAlive)
            BeforeIo?.Invoke(process);
        scheduler.Trace.Mix(what);
        scheduler.Trace.Mix(key);
        scheduler.Trace.Mix(length);
        scheduler.Trace.Say($"{process.Name}: {what} {key} {length}");
    }

    internal bool Put(string key, byte[] content, PutCondition condition)
    {
        var entry = _entries.GetValueOrDefault(key);
        var isRefused = condition == PutCondition.IfAbsent && entry?.Content is not null;
        scheduler.Trace.Say($"store: put {key} {content.Length}{(isRefused ? " exists" : "")}");
        if (isRefused)
            return false;
        var isOld = entry?.Content is not null;
        _entries[key] = new Entry
        {
            Content = content,
            StoredTicks = scheduler.NowTicks,
            // What lists showed under the key they go on showing.
            ListedFromTicks = isOld ? entry!.ListedFromTicks : scheduler.NowTicks + StaleTicks(),
            ListedLength = content.Length,
        };
        return true;
    }

    internal byte[]? Get(string key) => _entries.GetValueOrDefault(key)?.Content;

    internal void Delete(string key)
    {
        scheduler.Trace.Say($"store: delete {key}");
        if (_entries.GetValueOrDefault(key) is not { Content: not null } entry)
            return;
        entry.Content = null;
        entry.ListedUntilTicks = scheduler.NowTicks + StaleTicks();
    }

    internal StoredObject? FindListed(string key)
    {
        var entry = _entries[key];
        var isListed = scheduler.NowTicks >= entry.ListedFromTicks
            && (entry.Content is not null || scheduler.NowTicks < entry.ListedUntilTicks);
        return isListed
            ? new StoredObject(key, entry.ListedLength, scheduler.Observer.Time.GetUtcNow().AddTicks(entry.StoredTicks - scheduler.NowTicks))
            : null;
    }

    private long StaleTicks() => random.Chance(Faults.StaleListPerMille) ? random.Time(Faults.StaleMax).Ticks : 0;

    private sealed class Entry
    {
        /// <summary>Null when deleted.</summary>
        public byte[]? Content { get; set; }

        public required long StoredTicks { get; init; }

        public required long ListedFromTicks { get; init; }

        public required long ListedLength { get; init; }

        public long ListedUntilTicks { get; set; }
    }
}

namespace Skep.Blocks.Simulation;

/// <summary>What goes wrong with a simulated disk. Rates are cases in 1,000; all are 0 unless set, and may change at any time.</summary>
public sealed class DiskFaults
{
    /// <summary>Calls that do not complete at once.</summary>
    public int DelayPerMille { get; set; }

    /// <summary>The longest such delay.</summary>
    public TimeSpan DelayMax { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Reads that fail with EIO.</summary>
    public int ReadErrorPerMille { get; set; }

    /// <summary>Writes that fail with EIO, having written a part.</summary>
    public int WriteErrorPerMille { get; set; }

    /// <summary>Syncs that fail with EIO; what was to be synced is lost or kept, and counts as clean.</summary>
    public int SyncErrorPerMille { get; set; }

    /// <summary>The disk's size in bytes.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>How many writes succeed before one fails for want of space; null when all do. Counts down.</summary>
    public int? WritesUntilFull { get; set; }
}

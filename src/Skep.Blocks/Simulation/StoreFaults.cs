namespace Skep.Blocks.Simulation;

/// <summary>What goes wrong with a simulated store. Rates are cases in 1,000; all are 0 unless set, and may change at any time.</summary>
public sealed class StoreFaults
{
    /// <summary>The longest time that a request or an answer is on its way.</summary>
    public TimeSpan LatencyMax { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>Requests that are refused with 503 and do nothing.</summary>
    public int RefusedPerMille { get; set; }

    /// <summary>Requests that are lost: a time-out, and nothing happened.</summary>
    public int LostPerMille { get; set; }

    /// <summary>Requests that take effect although the caller sees a time-out, perhaps long before the effect.</summary>
    public int LostAnswerPerMille { get; set; }

    /// <summary>Requests that arrive a second time, later.</summary>
    public int DuplicatePerMille { get; set; }

    /// <summary>Reads whose answer is cut.</summary>
    public int ShortReadPerMille { get; set; }

    /// <summary>Objects that lists show late, or go on showing when they are deleted.</summary>
    public int StaleListPerMille { get; set; }

    /// <summary>How long lists are stale, and how late a request may arrive that the caller has given up.</summary>
    public TimeSpan StaleMax { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a caller waits for an answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Stores are refused with 507.</summary>
    public bool IsFull { get; set; }
}

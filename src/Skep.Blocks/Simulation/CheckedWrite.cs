namespace Skep.Blocks.Simulation;

/// <summary>A write that the checker knows of, or what a sector was found to hold after a recovery.</summary>
public sealed class CheckedWrite
{
    internal CheckedWrite(long number, long value, long invoked)
    {
        (Number, Value, Invoked) = (number, value, invoked);
    }

    /// <summary>Its number in the simulation.</summary>
    public long Number { get; }

    /// <summary>What its sectors read as: its number, or 0 for zeroes.</summary>
    public long Value { get; }

    /// <summary>When it began, in events of the checker.</summary>
    internal long Invoked { get; }

    /// <summary>From when on it can no longer take effect.</summary>
    internal long Ended { get; set; } = long.MaxValue;

    /// <summary>It was acknowledged; otherwise it may have had no effect.</summary>
    internal bool IsCertain { get; set; }

    /// <summary>A power cut does not lose it.</summary>
    internal bool IsFlushed { get; set; }

    /// <summary>It was flushed while the log had a replica: the loss of the machine does not lose it.</summary>
    internal bool IsReplicated { get; set; }

    /// <summary>The store has it: the loss of the machine does not lose it.</summary>
    internal bool IsDrained { get; set; }
}

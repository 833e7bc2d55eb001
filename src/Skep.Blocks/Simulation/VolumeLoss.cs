namespace Skep.Blocks.Simulation;

/// <summary>What happened to a volume's opener, by what may be lost with it.</summary>
public enum VolumeLoss
{
    /// <summary>Closed in good order: nothing that was acknowledged.</summary>
    None,

    /// <summary>The process was killed and the page cache lives: nothing that was acknowledged.</summary>
    Process,

    /// <summary>The power was cut: what was not flushed.</summary>
    Power,

    /// <summary>The machine's disk is gone, or another machine took over: what was not drained to the store.</summary>
    Machine,
}

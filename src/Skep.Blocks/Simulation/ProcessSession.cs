using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

/// <summary>A volume that a process has open.</summary>
internal sealed record OpenedVolume(TestVolume Volume, LogVolume Device, VolumeSession Session);

/// <summary>A process that has the volumes of a history open.</summary>
internal sealed class ProcessSession(SimulatedMachine machine, SimulatedProcess process, SessionFaults faults)
{
    public SimulatedMachine Machine => machine;

    public SimulatedProcess Process => process;

    public SessionFaults Faults => faults;

    public List<OpenedVolume> Volumes { get; } = [];

    /// <summary>Everything was opened and found as it must be.</summary>
    public bool IsVerified { get; set; }

    /// <summary>Whose volumes this one takes over; null for nobody's.</summary>
    public ProcessSession? Overtakes { get; init; }

    public bool MayBeOvertaken { get; set; }

    public bool IsOvertaken { get; set; }

    /// <summary>The overtaking opener has found out what is in a volume: from now on nothing that this one does counts.</summary>
    public void Overtaken(TestVolume volume)
    {
        foreach (var opened in Volumes.Where(opened => opened.Volume == volume))
            opened.Session.IsOvertaken = true;
    }

    /// <summary>Something stopped for a reason that was allowed.</summary>
    public bool IsBroken { get; set; }
}

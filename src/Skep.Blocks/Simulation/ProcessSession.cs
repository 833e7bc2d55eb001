using Skep.Blocks.Log;

namespace Skep.Blocks.Simulation;

/// <summary>A volume of a history, as the simulation knows it.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="Checker">What it may hold.</param>
internal sealed record TestVolume(string Name, VolumeChecker Checker)
{
    /// <summary>Snapshots that exist for certain.</summary>
    public List<SnapshotChecker> Snapshots { get; } = [];
}

/// <summary>A volume that a process has open.</summary>
internal sealed record OpenedVolume(TestVolume Volume, LogVolume Device, VolumeSession Session);

/// <summary>A process that has the volumes of a history open.</summary>
internal sealed class ProcessSession(SimulatedMachine machine, SimulatedProcess process, SessionFaults faults)
{
    public SimulatedMachine Machine => machine;

    public SimulatedProcess Process => process;

    public SessionFaults Faults => faults;

    public List<OpenedVolume> Volumes { get; } = [];

    public bool MayBeOvertaken { get; set; }

    public bool IsOvertaken { get; set; }

    /// <summary>Something stopped for a reason that was allowed.</summary>
    public bool IsBroken { get; set; }
}

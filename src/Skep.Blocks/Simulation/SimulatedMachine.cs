namespace Skep.Blocks.Simulation;

/// <summary>A machine: its process, and a disk for every directory that the process uses.</summary>
internal sealed class SimulatedMachine(SimulatedScheduler scheduler, SimulationRandom random, string name)
{
    private readonly SortedDictionary<string, SimulatedDisk> _disks = new(StringComparer.Ordinal);
    private int _startCount;
    private int _replacementCount;

    public string Name => name;

    /// <summary>The process that runs, or the last that did.</summary>
    public SimulatedProcess? Process { get; private set; }

    public IEnumerable<SimulatedDisk> Disks => _disks.Values;

    /// <summary>Called before every input and output of any disk.</summary>
    public Action<SimulatedProcess>? BeforeIo { get; set; }

    /// <summary>Set up as soon as a disk is made.</summary>
    public Action<DiskFaults> Configure { get; set; } = _ => { };

    /// <summary>The disk of a directory; new ones are empty.</summary>
    public SimulatedDisk Disk(string directory)
    {
        if (!_disks.TryGetValue(directory, out var disk))
        {
            disk = new SimulatedDisk(scheduler, random.Fork(), $"{name}{_replacementCount}:{directory}") { BeforeIo = p => BeforeIo?.Invoke(p) };
            Configure(disk.Faults);
            _disks.Add(directory, disk);
        }
        return disk;
    }

    /// <summary>Starts a process; the one before must be gone.</summary>
    public SimulatedProcess Start()
    {
        return Process = scheduler.StartProcess($"{name}/{++_startCount}", random.Time(TimeSpan.FromMinutes(2)) - TimeSpan.FromMinutes(1));
    }

    /// <summary>Kills the process; the page cache lives on.</summary>
    public void Kill() => Process?.Kill();

    /// <summary>Kills the process and loses what was not durable.</summary>
    public void CutPower()
    {
        Process?.Kill();
        foreach (var disk in _disks.Values)
            disk.CutPower();
    }

    /// <summary>Kills the process and loses all disks.</summary>
    public void Lose()
    {
        scheduler.Trace.Say($"{name}: lost with its disks");
        Process?.Kill();
        _disks.Clear();
        _replacementCount++;
    }
}

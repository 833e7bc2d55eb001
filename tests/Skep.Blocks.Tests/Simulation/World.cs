using Skep.Blocks.Files;
using Skep.Blocks.Simulation;

namespace Skep.Blocks.Tests.Simulation;

/// <summary>A scheduler, a disk, a store and a process, for tests of the simulation itself.</summary>
internal sealed class World
{
    public World(ulong seed = 1, Action<string>? sink = null)
    {
        Random = new SimulationRandom(seed);
        Scheduler = new SimulatedScheduler(Random.Fork(), new SimulationTrace(sink));
        Disk = new SimulatedDisk(Scheduler, Random.Fork(), "disk");
        Store = new SimulatedObjectStore(Scheduler, Random.Fork());
        Process = Scheduler.StartProcess("first", TimeSpan.Zero);
    }

    public SimulationRandom Random { get; }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedDisk Disk { get; }

    public SimulatedObjectStore Store { get; }

    public SimulatedProcess Process { get; private set; }

    public IBlockDirectory Directory => Disk.For(Process);

    public void Run(Func<Task> work) => Scheduler.Run(work, stepsMax: 100_000);

    /// <summary>Runs in the process that can be killed.</summary>
    public void RunInProcess(Func<Task> work) => Run(() => Process.RunAsync(work));

    public void CutPower()
    {
        Process.Kill();
        Disk.CutPower();
        Process = Scheduler.StartProcess("next", TimeSpan.Zero);
    }
}

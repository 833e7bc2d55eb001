namespace Skep.Blocks.Simulation;

/// <summary>
/// Simulates the life of a volume written as a log: one seed decides its settings, a workload of concurrent requests, the
/// order in which everything happens, faults of disks and store, and crashes. What every read returned and what every crash
/// left is checked by <see cref="VolumeChecker"/>.
/// </summary>
public static class LogVolumeSimulation
{
    /// <summary>More steps than any history of some thousand operations takes.</summary>
    private const long StepsMax = 20_000_000;

    /// <summary>Runs one seed.</summary>
    public static SimulationOutcome Run(SimulationRun run) => Run(run, new SimulationSeams());

    /// <summary>Runs one seed with seams that misbehave, which proves that the checks can fail.</summary>
    internal static SimulationOutcome Run(SimulationRun run, SimulationSeams seams) => Run(
        run, StepsMax, (scheduler, random) => new LogVolumeHistory(scheduler, random, run.OperationCount, seams).PlayAsync());

    internal static SimulationOutcome Run(SimulationRun run, long stepsMax, Func<SimulatedScheduler, SimulationRandom, Task> play)
    {
        var random = new SimulationRandom(run.Seed);
        var trace = new SimulationTrace(run.Trace);
        var scheduler = new SimulatedScheduler(random.Fork(), trace);
        SimulationException? failure = null;
        try
        {
            scheduler.Run(() => play(scheduler, random.Fork()), stepsMax);
        }
        catch (SimulationException ex)
        {
            failure = ex;
        }
        catch (Exception ex)
        {
            failure = new SimulationException(SimulationFailure.Crash, $"{ex.GetType().Name}: {ex.Message}", ex);
        }
        return new SimulationOutcome(run.Seed, trace.Digest, trace.EventCount, TimeSpan.FromTicks(scheduler.NowTicks), failure);
    }
}

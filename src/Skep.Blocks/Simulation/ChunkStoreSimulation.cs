namespace Skep.Blocks.Simulation;

/// <summary>
/// Simulates several processes that use one chunk store: snapshots made at the same time, resumed after crashes, read,
/// deleted, and garbage collected, over a store that fails. Every complete snapshot must read as it was put for as long as
/// nobody asks for its deletion, and in the end no pack may be left.
/// </summary>
public static class ChunkStoreSimulation
{
    private const long StepsMax = 5_000_000;

    /// <summary>Runs one seed.</summary>
    public static SimulationOutcome Run(SimulationRun run) => Run(run, new SimulationSeams());

    /// <summary>Runs one seed with seams that misbehave, which proves that the checks can fail.</summary>
    internal static SimulationOutcome Run(SimulationRun run, SimulationSeams seams) => LogVolumeSimulation.Run(
        run, StepsMax, (scheduler, random) => new ChunkStoreHistory(scheduler, random, run.OperationCount, seams).PlayAsync());
}

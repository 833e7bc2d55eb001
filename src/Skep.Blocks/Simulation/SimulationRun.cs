namespace Skep.Blocks.Simulation;

/// <summary>What to simulate.</summary>
public sealed record SimulationRun
{
    /// <summary>Decides everything: one seed is one history.</summary>
    public required ulong Seed { get; init; }

    /// <summary>About how many operations the history has.</summary>
    public int OperationCount { get; init; } = 60;

    /// <summary>Gets a readable line for every event; null for none.</summary>
    public Action<string>? Trace { get; init; }
}

/// <summary>How a simulation ended.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Digest">The digest of its trace: the same for every run of the seed.</param>
/// <param name="EventCount">Events in the trace.</param>
/// <param name="VirtualTime">How long it was, in the time of its processes.</param>
/// <param name="Failure">The promise that was broken; null when none was.</param>
public sealed record SimulationOutcome(ulong Seed, string Digest, long EventCount, TimeSpan VirtualTime, SimulationException? Failure)
{
    /// <summary>One line for a reader.</summary>
    public override string ToString() => Failure is null
        ? $"seed {Seed} digest {Digest}: passed"
        : $"seed {Seed} digest {Digest}: {Failure.Failure}: {Failure.Message.ReplaceLineEndings(" ")}";
}

namespace Skep.Blocks.Simulation;

/// <summary>The system under simulation broke a promise. The message says which, with what was seen and what was allowed.</summary>
public sealed class SimulationException(SimulationFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What kind of promise.</summary>
    public SimulationFailure Failure { get; } = failure;
}

/// <summary>What a simulation can find.</summary>
public enum SimulationFailure
{
    /// <summary>A read gave bytes that no rule allows.</summary>
    WrongData,

    /// <summary>An operation failed that should have worked, or with another failure than the one expected.</summary>
    UnexpectedFailure,

    /// <summary>An operation worked that should have failed.</summary>
    UnexpectedSuccess,

    /// <summary>Work is pending, nothing is ready and no timer runs.</summary>
    Deadlock,

    /// <summary>The limit of steps was reached.</summary>
    Livelock,

    /// <summary>Code ran outside the simulation's thread.</summary>
    Escape,

    /// <summary>Space is held that nothing explains.</summary>
    Garbage,

    /// <summary>An exception that nobody caught.</summary>
    Crash,
}

namespace Skep.Blocks.Simulation;

/// <summary>A process was killed before the work that somebody waited for was done.</summary>
public sealed class ProcessKilledException(string process) : Exception($"{process} was killed");

using Skep.Blocks.Files;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

/// <summary>What is put between an engine and its simulated surroundings; nothing unless set.</summary>
internal sealed record SimulationSeams
{
    /// <summary>Wraps the directory of a log.</summary>
    public Func<IBlockDirectory, IBlockDirectory> Directory { get; init; } = directory => directory;

    /// <summary>Wraps the directory of logs' copies.</summary>
    public Func<IBlockDirectory, IBlockDirectory> ReplicaDirectory { get; init; } = directory => directory;

    /// <summary>Wraps the store.</summary>
    public Func<IObjectStore, IObjectStore> Store { get; init; } = store => store;
}

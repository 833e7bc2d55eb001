using Skep.Blocks.Keys;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Chunks;

/// <summary>What a chunk store needs of its surroundings.</summary>
public sealed record ChunkStoreServices
{
    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Fills a span with unpredictable bytes: keys, nonces, names of packs. Called from any thread.</summary>
    public required Action<Span<byte>> FillRandom { get; init; }

    /// <summary>Wraps the keys of encrypted snapshots; null where there are none.</summary>
    public IKeyRing? Keys { get; init; }

    /// <summary>Where hashing, compression and encryption run; null runs them on the caller's thread.</summary>
    public TaskScheduler? Compute { get; init; }

    /// <summary>Keeps copies of packs' indexes near; null where the store itself is near. May be lost at any time.</summary>
    public IObjectStore? IndexCache { get; init; }
}

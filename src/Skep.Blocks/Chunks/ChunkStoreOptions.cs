namespace Skep.Blocks.Chunks;

/// <summary>How a chunk store packs, compresses and collects.</summary>
public sealed record ChunkStoreOptions
{
    /// <summary>
    /// Bytes of a full pack, at least two blocks. An object a chunk would cost a synced file and two synced directories
    /// each (docs/block-format.md).
    /// </summary>
    public int PackBytes { get; init; } = 16 << 20;

    /// <summary>Packs that one writer stores at the same time; each takes <see cref="PackBytes"/> of memory.</summary>
    public int UploadsMax { get; init; } = 2;

    /// <summary>Zstandard's level, 1 to 19.</summary>
    public int CompressionLevel { get; init; } = 1;

    /// <summary>
    /// What garbage collection waits between condemning a pack and deleting it. Twice what the clocks of the processes
    /// that use the store may differ and what the store's lists may lag behind: nothing else relies on either.
    /// </summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A pack is written anew when less than this part of its bytes is in use.</summary>
    public double LiveShareMin { get; init; } = 0.5;

    /// <summary>Requests to the object store at the same time, where many are made: loading indexes, verifying.</summary>
    public int RequestsMax { get; init; } = 8;
}

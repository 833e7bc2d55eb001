namespace Skep.Blocks.Chunks;

/// <summary>What a garbage collection did.</summary>
public sealed record GarbageReport
{
    /// <summary>Packs looked at.</summary>
    public int Packs { get; init; }

    /// <summary>Bytes of the packs that are in use.</summary>
    public long LiveBytes { get; init; }

    /// <summary>Packs that will be deleted after the grace.</summary>
    public int PacksCondemned { get; init; }

    /// <summary>Packs written anew, because little of them was in use or they were small.</summary>
    public int PacksCompacted { get; init; }

    /// <summary>Packs deleted.</summary>
    public int PacksDeleted { get; init; }

    /// <summary>Bytes of the packs deleted.</summary>
    public long BytesFreed { get; init; }

    /// <summary>Packs that were to be deleted and are in use again.</summary>
    public int PacksRescued { get; init; }

    /// <summary>Snapshots being made that were given up, because nothing had come for too long.</summary>
    public int SnapshotsExpired { get; init; }

    /// <summary>Packs that cannot be read; they are left alone.</summary>
    public IReadOnlyList<string> DamagedPacks { get; init; } = [];
}

using System.Buffers.Binary;
using Skep.Blocks.Chunks;

namespace Skep.Blocks.Simulation;

/// <summary>A snapshot of a chunk store as the simulation knows it.</summary>
/// <param name="id">Its id.</param>
/// <param name="sizeBytes">Its size.</param>
/// <param name="blocks">What each block holds in the end: a content's number, 0 for zeroes.</param>
internal sealed class ExpectedSnapshot(string id, long sizeBytes, int[] blocks)
{
    public string Id => id;

    public long SizeBytes => sizeBytes;

    public IReadOnlyList<int> Blocks => blocks;

    public SnapshotState State { get; set; } = SnapshotState.Making;

    /// <summary>Whether a process works on it.</summary>
    public bool IsBusy { get; set; }

    public int LengthOf(int block) => (int)Math.Min(ChunkStore.BlockBytes, sizeBytes - (block * (long)ChunkStore.BlockBytes));

    /// <summary>Fills a buffer with a block's content.</summary>
    public static void Fill(Span<byte> destination, int content)
    {
        destination.Fill((byte)content);
        if (content != 0)
            BinaryPrimitives.WriteInt32LittleEndian(destination[..4], content);
    }
}

/// <summary>How far a snapshot is.</summary>
internal enum SnapshotState
{
    /// <summary>Being made, or cut short.</summary>
    Making,

    /// <summary>Its completion was acknowledged.</summary>
    Complete,

    /// <summary>Its deletion was asked for.</summary>
    Deleting,
}

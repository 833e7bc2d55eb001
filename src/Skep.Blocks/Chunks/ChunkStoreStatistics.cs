namespace Skep.Blocks.Chunks;

/// <summary>What snapshots hold and what they take.</summary>
/// <param name="Snapshots">How many there are.</param>
/// <param name="LogicalBytes">Bytes of their blocks that are not zeroes, each snapshot for itself.</param>
/// <param name="StoredBytes">Bytes that the chunks in use take, each once.</param>
/// <param name="SharedBytes">Of those, the bytes of chunks that more than one snapshot uses.</param>
/// <param name="PackBytes">Bytes of all packs: what garbage collection could free is in it.</param>
public sealed record ChunkStoreStatistics(int Snapshots, long LogicalBytes, long StoredBytes, long SharedBytes, long PackBytes);

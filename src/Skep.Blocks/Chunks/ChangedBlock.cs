namespace Skep.Blocks.Chunks;

/// <summary>A block that differs between two snapshots.</summary>
/// <param name="Block">Its index.</param>
/// <param name="IsInFirst">Whether it is other than zeroes in the first.</param>
/// <param name="IsInSecond">Whether it is other than zeroes in the second.</param>
public readonly record struct ChangedBlock(long Block, bool IsInFirst, bool IsInSecond);

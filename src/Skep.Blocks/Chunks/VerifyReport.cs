namespace Skep.Blocks.Chunks;

/// <summary>What a verification found.</summary>
/// <param name="Snapshots">Snapshots looked at.</param>
/// <param name="Chunks">Chunks read, each once.</param>
/// <param name="Bytes">Bytes of their content.</param>
/// <param name="Damages">What is not as it was stored; empty when all is well.</param>
public sealed record VerifyReport(int Snapshots, long Chunks, long Bytes, IReadOnlyList<SnapshotDamage> Damages);

/// <summary>A damage.</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="Block">The block's index; null when the manifest itself is damaged, so that nothing of the snapshot can be read.</param>
/// <param name="Message">What is wrong, with the chunk and the pack.</param>
public sealed record SnapshotDamage(string SnapshotId, long? Block, string Message);

/// <summary>How far a verification or copy is.</summary>
/// <param name="SnapshotId">The snapshot being worked on.</param>
/// <param name="BlocksDone">Its blocks done.</param>
/// <param name="BlocksAll">Its blocks that are not zeroes.</param>
public readonly record struct SnapshotProgress(string SnapshotId, long BlocksDone, long BlocksAll);

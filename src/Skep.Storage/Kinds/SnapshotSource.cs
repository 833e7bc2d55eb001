namespace Skep.Storage.Kinds;

/// <summary>Where a snapshot's content comes from.</summary>
public static class SnapshotSource
{
    /// <summary>A volume, at a point in time (CreateSnapshot).</summary>
    public const string Volume = "volume";

    /// <summary>Blocks put one by one (EBS direct: StartSnapshot, PutSnapshotBlock, CompleteSnapshot).</summary>
    public const string Direct = "direct";

    /// <summary>Another snapshot (CopySnapshot).</summary>
    public const string Copy = "copy";
}

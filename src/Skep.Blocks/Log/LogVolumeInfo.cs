namespace Skep.Blocks.Log;

/// <summary>What the store has of a volume, looked at without opening it.</summary>
public sealed record LogVolumeInfo
{
    public required Guid VolumeId { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>About how many bytes of data an object has.</summary>
    public required int ObjectBytes { get; init; }

    public required LogCompression Compression { get; init; }

    /// <summary>The id of the key that its data key is wrapped by; null when it is not encrypted.</summary>
    public required string? KeyId { get; init; }

    /// <summary>Reads come from a base device where nothing was written.</summary>
    public required bool HasBase { get; init; }

    /// <summary>The volume that it was cloned from; null for none.</summary>
    public required string? Parent { get; init; }

    /// <summary>How often it was opened for writing.</summary>
    public required uint Epoch { get; init; }

    /// <summary>The last record of the manifest log.</summary>
    public required ulong RecordNumber { get; init; }

    /// <summary>Data objects, those of parents and those that only snapshots need included.</summary>
    public required int Objects { get; init; }

    /// <summary>Bytes of the objects that the volume itself still reads.</summary>
    public required long LiveBytes { get; init; }

    /// <summary>Bytes of all objects before compression.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>Bytes of all objects as stored.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Entries of the map.</summary>
    public required int Extents { get; init; }

    /// <summary>The oldest first.</summary>
    public required IReadOnlyList<LogSnapshot> Snapshots { get; init; }

    /// <summary>Names of the volumes that were cloned from it.</summary>
    public required IReadOnlyList<string> Clones { get; init; }

    internal static LogVolumeInfo Of(VolumeIdentity identity, VolumeState state)
    {
        var objects = state.Objects.Values.Where(o => !state.IsUnneeded(o)).ToList();
        return new LogVolumeInfo
        {
            VolumeId = identity.VolumeId,
            SizeBytes = state.SizeBytes,
            ObjectBytes = state.ObjectBytes,
            Compression = state.Compression,
            KeyId = state.Key?.KeyId,
            HasBase = state.HasBase,
            Parent = identity.ParentVolume.Length > 0 ? identity.ParentVolume : null,
            Epoch = state.Epoch,
            RecordNumber = state.Number,
            Objects = objects.Count,
            LiveBytes = objects.Sum(o => (long)o.LiveSectors) * Extent.SectorBytes,
            TotalBytes = objects.Sum(o => (long)o.Sectors) * Extent.SectorBytes,
            StoredBytes = objects.Sum(o => (long)o.StoredBytes),
            Extents = state.Map.Count,
            Snapshots = LogSnapshot.Of(state),
            Clones = [.. state.Clones.Keys],
        };
    }
}

namespace Skep.Blocks.Log;

/// <summary>
/// What a volume is after a record of its manifest log: the fold of all records up to it. The writer applies the records
/// that it wrote by the same code as every later opener, so what runs and what is recovered cannot differ. Not thread-safe.
/// </summary>
internal sealed partial class VolumeState(string name, Guid volumeId)
{
    /// <summary>How many other logs' positions are remembered, so that their left-over segments are known to be empty.</summary>
    public const int LogsMax = 64;

    public string Name => name;

    public Guid VolumeId => volumeId;

    /// <summary>The last record applied; 0 for none.</summary>
    public ulong Number { get; set; }

    public Guid Nonce { get; set; }

    public uint Epoch { get; set; }

    /// <summary>The last fence entry that the log tells of.</summary>
    public ulong Fence { get; set; }

    /// <summary>The log of the last opener.</summary>
    public Guid WalId { get; set; }

    /// <summary>Per log, up to which of its records the store has everything; the oldest first.</summary>
    public OrderedDictionary<Guid, ulong> Drained { get; } = [];

    public long SizeBytes { get; set; }

    public int ObjectBytes { get; set; }

    public LogCompression Compression { get; set; }

    public bool HasBase { get; set; }

    /// <summary>Not null when the volume is encrypted.</summary>
    public KeyWrapped? Key { get; set; }

    /// <summary>The number of the next data object is at least this.</summary>
    public uint NextObject { get; set; } = 1;

    /// <summary>The last two checkpoints, 0 for none.</summary>
    public CheckpointTaken? Checkpoint { get; set; }

    public CheckpointTaken? PreviousCheckpoint { get; set; }

    public ExtentMap Map { get; } = new();

    public Dictionary<uint, ObjectEntry> Objects { get; } = [];

    /// <summary>Volumes whose objects this one reads, itself first.</summary>
    public List<ObjectOrigin> Origins { get; } = [new ObjectOrigin(name, volumeId)];

    /// <summary>By record, the oldest first.</summary>
    public List<SnapshotEntry> Snapshots { get; } = [];

    /// <summary>Volumes that read a snapshot's objects, by name.</summary>
    public SortedDictionary<string, CloneRegistered> Clones { get; } = new(StringComparer.Ordinal);

    /// <summary>Objects whose content nothing in the volume reads any more: snapshots may.</summary>
    public SortedSet<uint> Dropped { get; } = [];

    public bool IsEncrypted => Key is not null;

    public SnapshotEntry? FindSnapshot(string id) => Snapshots.Find(s => s.Id == id);

    /// <summary>The key of an object in the store.</summary>
    public string ObjectKey(ObjectEntry entry) => VolumeNames.Data(Origins[entry.Origin].Volume, entry.Epoch, entry.Id);

    /// <summary>Whether a dropped object can go: no snapshot was taken while it was part of the volume.</summary>
    public bool IsUnneeded(ObjectEntry entry) =>
        entry.DroppedAt > 0 && !Snapshots.Exists(s => entry.CreatedAt <= s.RecordNumber && s.RecordNumber < entry.DroppedAt);
}

/// <summary>A data object of a volume.</summary>
internal sealed class ObjectEntry
{
    public required uint Id { get; init; }

    public required uint Epoch { get; init; }

    /// <summary>Index of the volume that it belongs to in <see cref="VolumeState.Origins"/>.</summary>
    public required int Origin { get; init; }

    public required uint Sectors { get; init; }

    public required uint HeaderBytes { get; init; }

    public required uint StoredBytes { get; init; }

    /// <summary>The record that made it part of the volume.</summary>
    public required ulong CreatedAt { get; init; }

    /// <summary>The record by which all of its content was in the volume; less than <see cref="CreatedAt"/> for copies.</summary>
    public required ulong Birth { get; init; }

    /// <summary>The record after which nothing of it is in the volume any more; 0 while something is.</summary>
    public ulong DroppedAt { get; set; }

    /// <summary>Sectors that the volume reads from it.</summary>
    public uint LiveSectors { get; set; }
}

/// <summary>A volume that has objects.</summary>
internal sealed record ObjectOrigin(string Volume, Guid VolumeId);

/// <summary>A snapshot in a volume's state.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RecordNumber">The record that made it.</param>
/// <param name="SizeBytes">The volume's size then.</param>
/// <param name="CreatedUnixMs">When, in milliseconds since 1970.</param>
/// <param name="IsSaved">Whether it has a checkpoint of its own.</param>
internal sealed record SnapshotEntry(string Id, ulong RecordNumber, long SizeBytes, long CreatedUnixMs, bool IsSaved);

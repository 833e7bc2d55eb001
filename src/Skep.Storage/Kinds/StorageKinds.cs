using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The kinds of group storage.skep.dev.</summary>
public static class StorageKinds
{
    private const string Group = "storage.skep.dev";

    /// <summary>Disks.</summary>
    public static readonly Kind<Volume> Volume = new(StorageJson.Default.Volume)
    {
        Group = Group, Name = "Volume", Plural = "volumes", ShortNames = ["vol"], Categories = ["all"],
        Description = "A disk.",
        Columns =
        [
            new("State", "status.state"), new("Size-GiB", "spec.sizeGib", "integer"), new("Type", "spec.volumeType"),
            new("Instance", "spec.attachment.instanceId"), new("Device", "spec.attachment.device", Wide: true),
        ],
        SelectableFields = ["spec.nodeName", "spec.attachment.instanceId", "status.state"],
        Validate = VolumeRules.Validate,
    };

    /// <summary>Volumes' contents at points in time.</summary>
    public static readonly Kind<Snapshot> Snapshot = new(StorageJson.Default.Snapshot)
    {
        Group = Group, Name = "Snapshot", Plural = "snapshots", ShortNames = ["snap"], Categories = ["all"],
        Description = "A volume's content at a point in time.",
        Columns =
        [
            new("State", "status.state"), new("Progress", "status.progress", "integer"), new("Volume", "spec.volumeId"),
            new("Size-GiB", "spec.volumeSizeGib", "integer"), new("Captured", "status.capturedTime", "date", Wide: true),
            new("Consistency", "status.consistency", Wide: true),
        ],
        SelectableFields = ["spec.nodeName", "spec.volumeId", "status.state"],
        Validate = SnapshotRules.Validate,
    };

    /// <summary>Places for volumes.</summary>
    public static readonly Kind<StoragePool> StoragePool = new(StorageJson.Default.StoragePool)
    {
        Group = Group, Name = "StoragePool", Plural = "storagepools", ShortNames = ["pool", "pools"], Scope = ResourceScope.Cluster,
        Description = "A place for volumes: a directory of a node, or an object store.",
        Columns =
        [
            new("Class", "spec.class"), new("State", "status.state"), new("Free", "status.freeBytes", "integer"),
            new("Path", "spec.path", Wide: true), new("Store", "spec.store", Wide: true), new("Message", "status.message", Wide: true),
        ],
        SelectableFields = ["spec.class", "status.state"],
        Validate = StoragePoolRules.Validate,
    };

    /// <summary>Readings of snapshots, to find damage.</summary>
    public static readonly Kind<SnapshotVerification> SnapshotVerification = new(StorageJson.Default.SnapshotVerification)
    {
        Group = Group, Name = "SnapshotVerification", Plural = "snapshotverifications",
        Description = "The reading of every byte of a snapshot again, to find damage.",
        Columns =
        [
            new("Snapshot", "spec.snapshotId"), new("Phase", "status.phase"), new("Progress", "status.progress", "integer"),
            new("Damages", "status.damageCount", "integer"),
        ],
        Validate = SnapshotVerificationRules.Validate,
    };

    /// <summary>Keys that objects can be encrypted under.</summary>
    public static readonly Kind<EncryptionKey> EncryptionKey = new(StorageJson.Default.EncryptionKey)
    {
        Group = Group, Name = "EncryptionKey", Plural = "encryptionkeys", ShortNames = ["enckey"], HasStatus = false,
        Description = "A key that objects can be encrypted under, as a KMS key is in AWS.",
        Columns = [new("State", "spec.state"), new("Description", "spec.description", Wide: true)],
        Validate = EncryptionKeyRules.Validate,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [Volume, Snapshot, StoragePool, SnapshotVerification, EncryptionKey];
}

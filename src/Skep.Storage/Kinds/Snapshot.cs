using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>A volume's content at a point in time, kept in a chunk store; named by its EC2 id (snap-…).</summary>
public sealed class Snapshot : ResourceObject
{
    /// <summary>Held by the node's agent until the store no longer has the snapshot.</summary>
    public const string Finalizer = "storage.skep.dev/snapshot";

    public SnapshotSpec Spec { get; set; } = new();
    public SnapshotStatus? Status { get; set; }
}

/// <summary>What is wanted of a snapshot.</summary>
public sealed class SnapshotSpec : OpenObject
{
    [Description("Where the content comes from: volume, direct (blocks put one by one) or copy.")]
    public string Source { get; set; } = SnapshotSource.Volume;

    [Description("The Volume that it is taken of; source volume requires it.")]
    public string? VolumeId { get; set; }

    [Description("Size of the volume in GiB, 1 to 16384.")]
    public long VolumeSizeGib { get; set; }
    public string? Description { get; set; }
    public bool Encrypted { get; set; }

    [Description("The key that an encrypted snapshot's own key is wrapped with; absent for the default.")]
    public string? KmsKeyId { get; set; }
    public Dictionary<string, string>? Tags { get; set; }

    [Description("The 12-digit account that it belongs to.")]
    public string? OwnerAccount { get; set; }

    [Description("The node whose store holds it.")]
    public string? NodeName { get; set; }

    [Description("The snapshot that the first blocks come from; source direct.")]
    public string? ParentSnapshotId { get; set; }

    [Description("The snapshot that is copied; source copy.")]
    public string? SourceSnapshotId { get; set; }

    [Description("Who else may create volumes from it.")]
    public List<CreateVolumePermission>? CreateVolumePermissions { get; set; }

    [Description("standard or archive.")]
    public string StorageTier { get; set; } = "standard";

    [Description("The other snapshots of a set, each of which names the others in the same way: the volumes of all of them are captured at one moment, or all fail. Cannot be changed.")]
    public List<string>? TakenWith { get; set; }

    [Description("Source direct: all blocks have been put, the snapshot is to be completed. Cannot be taken back.")]
    public bool Sealed { get; set; }

    [Description("Source direct: minutes without a block after which it fails, 10 to 4320.")]
    public int? TimeoutMinutes { get; set; }
}

/// <summary>Who may create volumes from a snapshot: an account, or everybody (group "all").</summary>
public sealed class CreateVolumePermission : OpenObject
{
    public string? UserId { get; set; }
    public string? Group { get; set; }
}

/// <summary>Where a snapshot stands.</summary>
public sealed class SnapshotStatus : OpenObject
{
    [Description("pending, completed or error.")]
    public string State { get; set; } = SnapshotState.Pending;

    [Description("Percent of the content that is in the store.")]
    public int Progress { get; set; }
    public string? Message { get; set; }

    [Description("When it was begun.")]
    public DateTimeOffset? StartTime { get; set; }

    [Description("The point in time whose content it has. Writes after it are not in it.")]
    public DateTimeOffset? CapturedTime { get; set; }
    public DateTimeOffset? CompletionTime { get; set; }

    [Description("file-system (the guest was asked to freeze its file systems), crash (as after a power failure) or offline (nothing wrote).")]
    public string? Consistency { get; set; }

    [Description("How long the guest's file systems stood still for its moment, in milliseconds; absent when they did not.")]
    public double? FrozenMilliseconds { get; set; }

    [Description("Bytes of the volume that had to be read for it.")]
    public long? ReadBytes { get; set; }

    [Description("Bytes in the store, of which other snapshots may share some.")]
    public long? StoredBytes { get; set; }

    [Description("Bytes that differ from the snapshot before it.")]
    public long? ChangedBytes { get; set; }

    [Description("Bytes of it that are not zero.")]
    public long? DataBytes { get; set; }

    [Description("The snapshot that it was compared with when it was taken.")]
    public string? BaseSnapshotId { get; set; }
}

using System.ComponentModel;
using Skep.Core.Machines;
using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>A disk; named by its EC2 id (vol-…).</summary>
public sealed class Volume : ResourceObject
{
    /// <summary>Held by the node's agent until the disk's file is gone.</summary>
    public const string Finalizer = "storage.skep.dev/volume";

    public VolumeSpec Spec { get; set; } = new();
    public VolumeStatus? Status { get; set; }
}

/// <summary>What is wanted of a volume.</summary>
public sealed class VolumeSpec : OpenObject
{
    [Description("Size in GiB, 1 to 16384.")]
    public long SizeGib { get; set; }

    [Description("gp2, gp3, io1, io2, st1, sc1 or standard.")]
    public string VolumeType { get; set; } = "gp3";

    [Description("The Image whose content the volume starts with, copy-on-write.")]
    public string? ImageId { get; set; }
    public string? SnapshotId { get; set; }
    public string AvailabilityZone { get; set; } = "";

    [Description("The StoragePool that it is in. One that names none gets the default pool before it is made, if another than \"default\" was chosen for that.")]
    public string? PoolName { get; set; }

    [Description("The node that holds the disk; follows the first instance it is attached to.")]
    public string? NodeName { get; set; }

    [Description("Written encrypted, with a key of the volume's own.")]
    public bool Encrypted { get; set; }

    [Description("The ARN by which the EC2 API names the key that the volume's own key is wrapped with; absent for the default.")]
    public string? KmsKeyId { get; set; }

    [Description("I/O operations per second.")]
    public int? Iops { get; set; }

    [Description("MiB per second.")]
    public int? Throughput { get; set; }
    public VolumeAttachment? Attachment { get; set; }

    [Description("EC2's attribute of the name. No effect: I/O is never held back after a failure.")]
    public bool AutoEnableIO { get; set; }
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>To what a volume is attached.</summary>
public sealed class VolumeAttachment : OpenObject
{
    public string InstanceId { get; set; } = "";
    public string Device { get; set; } = "";
    public DateTimeOffset AttachTime { get; set; }
    public bool DeleteOnTermination { get; set; }

    [Description("Requested or Forced when it is to end; absent while it is to last.")]
    public string? Detach { get; set; }

    [Description("When its end was asked for.")]
    public DateTimeOffset? DetachTime { get; set; }
}

/// <summary>Values of <see cref="VolumeAttachment.Detach"/>.</summary>
public static class VolumeDetach
{
    /// <summary>When the guest lets go of the disk.</summary>
    public const string Requested = "Requested";

    /// <summary>The same, but after a while without the guest's consent.</summary>
    public const string Forced = "Forced";
}

/// <summary>Where a volume stands.</summary>
public sealed class VolumeStatus : OpenObject
{
    [Description("creating, available, in-use, deleting, deleted or error.")]
    public string State { get; set; } = "creating";

    [Description("The disk's file on its node, once it is ready to use.")]
    public string? Path { get; set; }

    [Description("qcow2 or raw.")]
    public string? Format { get; set; }

    [Description("The key of an encrypted disk in a file (LUKS), wrapped with a key of the node's key ring. Without it the disk cannot be read.")]
    public DiskKey? Key { get; set; }

    [Description("The Unix socket of the NBD server that serves the disk, in place of a file. The user skep-vm must be able to connect to it.")]
    public string? NbdSocket { get; set; }

    [Description("The disk's name on that server.")]
    public string? NbdExport { get; set; }

    [Description("The disk's size, which follows spec.sizeGib when that grows.")]
    public long? SizeGib { get; set; }

    [Description("What machines are kept to.")]
    public VolumeLimits? Limits { get; set; }

    [Description("The newest change of size or performance.")]
    public VolumeModification? Modification { get; set; }
    public string? Message { get; set; }

    [Description("The snapshot that parts of the content still come from; absent once the volume stands alone.")]
    public string? HydratingFrom { get; set; }

    [Description("Percent of the snapshot's content that has arrived.")]
    public int? HydrationProgress { get; set; }

    [Description("Why the file must not be opened by a machine for the moment: \"snapshot snap-…\".")]
    public string? Hold { get; set; }

    [Description("The newest snapshot since which the file keeps account of what changes.")]
    public string? ChangesSince { get; set; }
}

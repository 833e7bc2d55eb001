using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>A disk image that instances start from; named by its EC2 id (ami-…).</summary>
public sealed class Image : ResourceObject
{
    /// <summary>Held by the agent until the image's file is gone.</summary>
    public const string Finalizer = "compute.skep.dev/image";

    public ImageSpec Spec { get; set; } = new();
    public ImageStatus? Status { get; set; }
}

/// <summary>What an image is.</summary>
public sealed class ImageSpec : OpenObject
{
    [Description("The image's name, unique in its account: 3 to 128 characters.")]
    public string Name { get; set; } = "";
    public string? Description { get; set; }

    [Description("x86_64 or arm64.")]
    public string Architecture { get; set; } = "x86_64";

    [Description("uefi, bios or uefi-preferred.")]
    public string BootMode { get; set; } = "uefi-preferred";
    public string RootDeviceName { get; set; } = "/dev/xvda";

    [Description("File in the data directory's images folder, for example ami-0123.qcow2.")]
    public string? FileName { get; set; }

    [Description("A snapshot the image was registered from.")]
    public string? SnapshotId { get; set; }

    [Description("Disks that instances get beside the root, and what differs from the defaults for the root.")]
    public List<ImageBlockDevice>? BlockDevices { get; set; }

    [Description("A disk image served in simulation only: there is no file.")]
    public bool IsSimulated { get; set; }

    [Description("Virtual size of the root disk in bytes.")]
    public long SizeBytes { get; set; }

    [Description("The login name of the image's default user, for `skep vm ssh`.")]
    public string? DefaultUser { get; set; }

    [Description("Everyone may start instances from it.")]
    public bool Public { get; set; }

    [Description("SHA-256 of the file, in hex.")]
    public string? Sha256 { get; set; }
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>A disk of the instances that start from an image.</summary>
public sealed class ImageBlockDevice : OpenObject
{
    public string DeviceName { get; set; } = "";

    [Description("Size in GiB; the image's or the snapshot's own unless given.")]
    public long? SizeGib { get; set; }

    [Description("The snapshot that the disk starts with; not for the root of an image that has a file.")]
    public string? SnapshotId { get; set; }
    public string? VolumeType { get; set; }
    public int? Iops { get; set; }
    public int? Throughput { get; set; }

    [Description("Whether the disk is encrypted; a snapshot that is says so by itself.")]
    public bool? Encrypted { get; set; }

    [Description("The ARN of the key by which the EC2 API names what it is encrypted with; absent for the default.")]
    public string? KmsKeyId { get; set; }
    public bool? DeleteOnTermination { get; set; }
}

/// <summary>Where an image stands.</summary>
public sealed class ImageStatus : OpenObject
{
    [Description("pending, available, invalid, deregistered, failed or error.")]
    public string State { get; set; } = "pending";
    public StateReason? StateReason { get; set; }
}

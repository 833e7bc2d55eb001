using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Aws.Kinds;

/// <summary>
/// The making of an image of an instance's volumes (CreateImage): stops the machine if that was asked for, has the
/// snapshots taken, starts the machine again, and makes the image available when they are complete. Named by the image's id;
/// gone when it is done.
/// </summary>
public sealed class ImageCapture : ResourceObject
{
    public ImageCaptureSpec Spec { get; set; } = new();
    public ImageCaptureStatus? Status { get; set; }
}

/// <summary>What is captured.</summary>
public sealed class ImageCaptureSpec : OpenObject
{
    [Description("The instance whose volumes are captured.")]
    public string InstanceId { get; set; } = "";

    [Description("The machine is stopped before, and started again when the moment is captured.")]
    public bool Reboot { get; set; }

    [Description("The snapshots to take.")]
    public List<CapturedDisk> Disks { get; set; } = [];

    [Description("The account that the snapshots belong to.")]
    public string OwnerAccount { get; set; } = "";

    [Description("Tags of the snapshots.")]
    public Dictionary<string, string>? SnapshotTags { get; set; }
}

/// <summary>A volume and the snapshot that is taken of it.</summary>
public sealed class CapturedDisk : OpenObject
{
    public string VolumeId { get; set; } = "";
    public string SnapshotId { get; set; } = "";
    public long SizeGib { get; set; }
    public bool Encrypted { get; set; }
    public string? KmsKeyId { get; set; }
    public string? NodeName { get; set; }
}

/// <summary>How far it is.</summary>
public sealed class ImageCaptureStatus : OpenObject
{
    [Description("Stopping, Capturing or Captured.")]
    public string Phase { get; set; } = ImageCapturePhase.Capturing;
}

/// <summary>Values of <see cref="ImageCaptureStatus.Phase"/>.</summary>
public static class ImageCapturePhase
{
    /// <summary>The machine was told to stop.</summary>
    public const string Stopping = "Stopping";

    /// <summary>The snapshots exist; their moment is not fixed yet.</summary>
    public const string Capturing = "Capturing";

    /// <summary>The moment of all snapshots is fixed; the machine runs again. Their content is being stored.</summary>
    public const string Captured = "Captured";
}

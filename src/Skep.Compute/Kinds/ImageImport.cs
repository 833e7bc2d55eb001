using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>
/// The making of an image: built from packages, downloaded, taken from a file or from a volume. The node's agent works
/// on it and reports here; deleting it cancels. Finished ones are removed after an hour.
/// </summary>
public sealed class ImageImport : ResourceObject
{
    public ImageImportSpec Spec { get; set; } = new();
    public ImageImportStatus? Status { get; set; }
}

/// <summary>Which image to make, of what.</summary>
public sealed class ImageImportSpec : OpenObject
{
    [Description("The new image's name. The source's own name unless given.")]
    public string? Name { get; set; }
    public string? Description { get; set; }
    public ImageImportSource Source { get; set; } = new();

    [Description("An Image in state pending that this fills. A new one is made unless given.")]
    public string? ImageId { get; set; }

    [Description("uefi, bios or uefi-preferred; the source's own unless given.")]
    public string? BootMode { get; set; }

    [Description("x86_64 or arm64; the source's own unless given.")]
    public string? Architecture { get; set; }

    [Description("Login name that the image's cloud-init gives the key.")]
    public string? DefaultUser { get; set; }

    [Description("The node that does it. Any unless given.")]
    public string? NodeName { get; set; }

    [Description("Labels of the Image that is made, such as its region.")]
    public Dictionary<string, string>? ImageLabels { get; set; }
}

/// <summary>Where the content comes from: exactly one member is set.</summary>
public sealed class ImageImportSource : OpenObject
{
    [Description("Build from the distribution's packages: tiny or debian-12.")]
    public string? Build { get; set; }

    [Description("Download by name from the catalog, for example debian-13 or ubuntu-24.04.")]
    public string? Catalog { get; set; }

    [Description("A qcow2 or raw file on the node, by its absolute path.")]
    public string? Path { get; set; }

    [Description("A volume (vol-…) that no running instance has attached.")]
    public string? Volume { get; set; }
}

/// <summary>How far it is.</summary>
public sealed class ImageImportStatus : OpenObject
{
    [Description("Pending, Running, Succeeded or Failed.")]
    public string Phase { get; set; } = ImageImportPhase.Pending;

    [Description("Percent done, 0 to 100.")]
    public int Progress { get; set; }

    [Description("What is being done, or why it failed.")]
    public string? Message { get; set; }

    [Description("The id of the image that is being made; it exists once the phase is Succeeded.")]
    public string? ImageId { get; set; }
    public DateTimeOffset? StartTime { get; set; }
    public DateTimeOffset? CompletionTime { get; set; }
}

/// <summary>Values of <see cref="ImageImportStatus.Phase"/>.</summary>
public static class ImageImportPhase
{
    public const string Pending = "Pending";
    public const string Running = "Running";
    public const string Succeeded = "Succeeded";
    public const string Failed = "Failed";
}

using Skep.Aws.Ec2.Encryption;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Instances;

/// <summary>A disk that a launch makes.</summary>
/// <param name="DeviceName">As the request or the image names it.</param>
/// <param name="Shape">Size and performance.</param>
/// <param name="DeleteOnTermination">Whether it ends with the instance.</param>
internal sealed record PlannedVolume(string DeviceName, VolumeShape Shape, bool DeleteOnTermination)
{
    /// <summary>The image whose file it starts with; null for others.</summary>
    public string? ImageId { get; init; }

    /// <summary>The snapshot it starts with; null for others.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>Whether and how it is encrypted.</summary>
    public required EncryptionOutcome Encryption { get; init; }
}

using Skep.Aws.Ec2.Model;
using Skep.Compute.Kinds;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>Block-device mappings between the wire and images.</summary>
internal static class ImageDevices
{
    /// <summary>A device as a request describes it; what it does not say is taken from the one it changes.</summary>
    public static ImageBlockDevice FromWire(string device, EbsBlockDevice ebs, ImageBlockDevice? known)
    {
        var hasSameType = ebs.VolumeType is null || ebs.VolumeType == known?.VolumeType;
        return new ImageBlockDevice
        {
            DeviceName = device,
            SizeGib = ebs.VolumeSize ?? known?.SizeGib,
            SnapshotId = ebs.SnapshotId ?? known?.SnapshotId,
            VolumeType = ebs.VolumeType ?? known?.VolumeType,
            Iops = ebs.Iops ?? (hasSameType ? known?.Iops : null),
            Throughput = ebs.Throughput ?? (hasSameType ? known?.Throughput : null),
            DeleteOnTermination = ebs.DeleteOnTermination ?? known?.DeleteOnTermination,
        };
    }
}

using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Instances;

/// <summary>A disk that a launch makes.</summary>
internal sealed record PlannedVolume(
    string DeviceName, long SizeGib, string VolumeType, bool DeleteOnTermination, int? Iops, int? Throughput, bool IsRoot)
{
    private const long BytesPerGib = 1L << 30;
    private const long SizeGibMax = 16_384;

    /// <summary>gp3's baseline (EBS user guide, "General Purpose SSD volumes").</summary>
    private const int Gp3Iops = 3_000;
    private const int Gp3Throughput = 125;

    /// <summary>The root disk of an image and the disks that a request adds or changes.</summary>
    /// <exception cref="AwsException">InvalidBlockDeviceMapping and relatives.</exception>
    public static List<PlannedVolume> FromMappings(ImageResource image, IReadOnlyList<BlockDeviceMapping>? mappings)
    {
        var rootDevice = image.Spec.RootDeviceName;
        var imageGib = Math.Max(1, (image.Spec.SizeBytes + BytesPerGib - 1) / BytesPerGib);
        var volumes = new List<PlannedVolume> { Make(rootDevice, ebs: null, imageGib, isRoot: true) };
        var devices = new HashSet<string>(StringComparer.Ordinal);
        foreach (var mapping in mappings ?? [])
        {
            var device = mapping.DeviceName ?? throw Ec2Errors.Missing("BlockDeviceMapping.DeviceName");
            if (!devices.Add(device))
                throw Ec2Errors.InvalidBlockDeviceMapping($"The device '{device}' is used in more than one block-device mapping");
            if (mapping.NoDevice is not null || mapping.VirtualName is not null)
            {
                if (device == rootDevice)
                    throw Ec2Errors.InvalidBlockDeviceMapping($"The root device '{device}' cannot be left out.");
                continue;
            }

            var ebs = mapping.Ebs ?? throw Ec2Errors.InvalidBlockDeviceMapping($"The mapping of '{device}' says neither Ebs nor NoDevice.");
            if (device != rootDevice)
            {
                volumes.Add(Make(device, ebs, ebs.VolumeSize ?? throw Ec2Errors.Missing("BlockDeviceMapping.Ebs.VolumeSize"), isRoot: false));
                continue;
            }

            if (ebs.VolumeSize < imageGib)
                throw Ec2Errors.InvalidBlockDeviceMapping($"Volume of size {ebs.VolumeSize}GB is smaller than image '{image.Metadata.Name}', expect size >= {imageGib}GB");
            volumes[0] = Make(device, ebs, ebs.VolumeSize ?? imageGib, isRoot: true);
        }

        return volumes;
    }

    private static PlannedVolume Make(string device, EbsBlockDevice? ebs, long sizeGib, bool isRoot)
    {
        if (sizeGib is < 1 or > SizeGibMax)
            throw Ec2Errors.InvalidValue("BlockDeviceMapping.Ebs.VolumeSize", $"{sizeGib}", $"sizes are 1 to {SizeGibMax} GiB");
        if (ebs?.SnapshotId is { } snapshot)
            throw Ec2Errors.SnapshotNotFound(snapshot);
        if (ebs?.Encrypted is true || ebs?.KmsKeyId is not null)
            throw Ec2Errors.Unsupported("encrypted volumes");
        var type = ebs?.VolumeType ?? "gp3";
        return new PlannedVolume(
            device, sizeGib, type, ebs?.DeleteOnTermination ?? isRoot,
            ebs?.Iops ?? (type == "gp3" ? Gp3Iops : null), ebs?.Throughput ?? (type == "gp3" ? Gp3Throughput : null), isRoot);
    }
}

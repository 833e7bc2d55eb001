using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Compute.Kinds;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>Block-device mappings between the wire and images.</summary>
internal static class ImageDevices
{
    /// <summary>The devices of an image that is registered, checked.</summary>
    /// <exception cref="Protocol.AwsException">InvalidBlockDeviceMapping and relatives.</exception>
    public static List<ImageBlockDevice> FromMappings(AwsCall call, IReadOnlyList<BlockDeviceMapping>? mappings)
    {
        var devices = new List<ImageBlockDevice>();
        foreach (var mapping in mappings ?? [])
        {
            var name = mapping.DeviceName ?? throw Ec2Errors.Missing("BlockDeviceMapping.DeviceName");
            if (!DeviceNames.IsValid(name))
                throw Ec2Errors.InvalidBlockDeviceMapping($"Invalid device name {name}");
            if (devices.Exists(d => DeviceNames.AreSame(d.DeviceName, name)))
                throw Ec2Errors.InvalidBlockDeviceMapping($"The device '{name}' is used in more than one block-device mapping");
            if (mapping.Ebs is not { } ebs)
                continue; // instance-store disks, which there are none of, and devices left out
            VolumeOptions.RefuseUnsupported(ebs.OutpostArn);
            RefuseKey(name, ebs);
            if (ebs.SnapshotId is not null && ebs.Encrypted is not null)
                throw Ec2Errors.InvalidBlockDeviceMapping($"The encrypted flag cannot be specified since device {name} has a snapshot specified.");
            var device = FromWire(name, ebs, known: null);
            Check(call, device);
            devices.Add(device);
        }

        return devices;
    }

    /// <summary>A device as a request describes it; what it does not say is taken from the one it changes.</summary>
    public static ImageBlockDevice FromWire(string device, EbsBlockDevice ebs, ImageBlockDevice? known)
    {
        if (known?.Encrypted is true && ebs.Encrypted is false)
            throw Ec2Errors.InvalidBlockDeviceMapping($"The encrypted flag of device {device} cannot be false: the image has it encrypted.");
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
            Encrypted = ebs.Encrypted ?? known?.Encrypted,
            KmsKeyId = ebs.KmsKeyId ?? known?.KmsKeyId,
        };
    }

    /// <summary>A key is chosen when a volume is made, not by the image that it is made from.</summary>
    public static void RefuseKey(string device, EbsBlockDevice ebs)
    {
        if (ebs.KmsKeyId is not null)
            throw Ec2Errors.InvalidBlockDeviceMapping($"KmsKeyId cannot be specified for device {device} of an image; give it to RunInstances");
    }

    private static void Check(AwsCall call, ImageBlockDevice device)
    {
        var least = device.SnapshotId is null ? 0 : VolumeOptions.RequireSnapshot(call, device.SnapshotId).SizeGib;
        var size = device.SizeGib ?? (least > 0 ? least : null);
        if (size < least)
            throw Ec2Errors.InvalidBlockDeviceMapping($"Volume of size {size}GB is smaller than snapshot '{device.SnapshotId}', expect size >= {least}GB");

        // A root without a size has its disk's, which is not known before that is read.
        if (size is { } known)
            _ = VolumeShapes.Make(device.VolumeType ?? "gp3", known, device.Iops, device.Throughput);
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;

namespace Skep.Aws.Ec2.Instances;

/// <summary>The disks of a launch: what the image says, changed and completed by the request.</summary>
internal sealed class LaunchVolumes(AwsCall call, ImageResource image)
{
    private const long BytesPerGib = 1L << 30;

    /// <summary>The type of disks that name none.</summary>
    private const string TypeDefault = "gp3";

    private readonly Dictionary<string, ImageBlockDevice> _devices = Inherited(image);
    private readonly string _root = image.Spec.RootDeviceName;

    /// <summary>The disks, root first.</summary>
    /// <exception cref="AwsException">InvalidBlockDeviceMapping and relatives.</exception>
    public List<PlannedVolume> Plan(IReadOnlyList<BlockDeviceMapping>? mappings)
    {
        var seen = new List<string>();
        foreach (var mapping in mappings ?? [])
        {
            var device = mapping.DeviceName ?? throw Ec2Errors.Missing("BlockDeviceMapping.DeviceName");
            if (seen.Exists(s => DeviceNames.AreSame(s, device)))
                throw Ec2Errors.InvalidBlockDeviceMapping($"The device '{device}' is used in more than one block-device mapping");
            seen.Add(device);
            Override(mapping, device);
        }

        return [.. _devices.Values.OrderByDescending(d => d.DeviceName == _root).Select(Make)];
    }

    private static Dictionary<string, ImageBlockDevice> Inherited(ImageResource image)
    {
        var devices = new Dictionary<string, ImageBlockDevice>(StringComparer.Ordinal)
        {
            [image.Spec.RootDeviceName] = new ImageBlockDevice { DeviceName = image.Spec.RootDeviceName },
        };
        foreach (var device in image.Spec.BlockDevices ?? [])
            devices[device.DeviceName] = device;
        return devices;
    }

    private void Override(BlockDeviceMapping mapping, string device)
    {
        if (mapping.NoDevice is not null || mapping.VirtualName is not null)
        {
            if (device == _root)
                throw Ec2Errors.InvalidBlockDeviceMapping($"The root device '{device}' cannot be left out.");

            // Instance-store disks (ephemeral0 …) are ignored, as by EC2's types that have none.
            if (mapping.NoDevice is not null)
                _devices.Remove(device);
            return;
        }

        var ebs = mapping.Ebs ?? throw Ec2Errors.InvalidBlockDeviceMapping($"The mapping of '{device}' says neither Ebs nor NoDevice.");
        VolumeOptions.RefuseUnsupported(ebs.OutpostArn);
        var known = _devices.GetValueOrDefault(device);
        if (known is null && !DeviceNames.IsValid(device))
            throw Ec2Errors.InvalidBlockDeviceMapping($"Invalid device name {device}");
        if (ebs.SnapshotId is not null && device == _root && ebs.SnapshotId != image.Spec.SnapshotId)
            throw Ec2Errors.InvalidBlockDeviceMapping("snapshotId cannot be modified on root device");
        _devices[device] = ImageDevices.FromWire(device, ebs, known);
    }

    private PlannedVolume Make(ImageBlockDevice device)
    {
        var isRoot = device.DeviceName == _root;
        var snapshotId = device.SnapshotId ?? (isRoot ? image.Spec.SnapshotId : null);
        var snapshot = snapshotId is null ? null : VolumeOptions.RequireSnapshot(call, snapshotId);
        var encryption = EncryptionOutcome.Decide(call, device.Encrypted, device.KmsKeyId, SourceSnapshot.EncryptionOf(snapshot), Ec2Errors.InvalidBlockDeviceMapping);
        var hasFile = isRoot && snapshotId is null;
        var leastGib = hasFile ? Math.Max(1, (image.Spec.SizeBytes + BytesPerGib - 1) / BytesPerGib)
            : snapshot is not null ? snapshot.SizeGib
            : 0;
        var sizeGib = device.SizeGib ?? (leastGib > 0 ? leastGib : throw Ec2Errors.Missing("BlockDeviceMapping.Ebs.VolumeSize"));
        if (sizeGib < leastGib)
            throw Ec2Errors.InvalidBlockDeviceMapping($"Volume of size {sizeGib}GB is smaller than {(hasFile ? $"image '{image.Metadata.Name}'" : $"snapshot '{snapshotId}'")}, expect size >= {leastGib}GB");
        return new PlannedVolume(
            device.DeviceName, VolumeShapes.Make(device.VolumeType ?? TypeDefault, sizeGib, device.Iops, device.Throughput), device.DeleteOnTermination ?? isRoot)
        {
            ImageId = hasFile ? image.Metadata.Name : null,
            SnapshotId = snapshotId,
            Encryption = encryption,
        };
    }
}

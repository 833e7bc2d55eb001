using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Kinds;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;

namespace Skep.Aws.Ec2.Images;

/// <summary>The volumes that CreateImage captures, and the devices that the image gets.</summary>
internal sealed class CapturedDevices
{
    private const long BytesPerGib = 1L << 30;

    private CapturedDevices(List<VolumeResource> volumes, List<string> snapshotIds, List<ImageBlockDevice> ofImage, string rootDevice)
    {
        (Volumes, SnapshotIds, OfImage) = (volumes, snapshotIds, ofImage);
        var root = ofImage.Find(d => d.DeviceName == rootDevice)!;
        (RootSnapshotId, RootSizeBytes) = (root.SnapshotId!, (root.SizeGib ?? 0) * BytesPerGib);
    }

    /// <summary>The volumes, and the ids of their snapshots in the same order.</summary>
    public List<VolumeResource> Volumes { get; }
    public List<string> SnapshotIds { get; }

    /// <summary>The image's devices: the captured ones, and empty ones that were asked for.</summary>
    public List<ImageBlockDevice> OfImage { get; }
    public string RootSnapshotId { get; }
    public long RootSizeBytes { get; }

    /// <summary>The volumes as the capture needs them.</summary>
    public List<CapturedDisk> Disks =>
    [
        .. Volumes.Zip(SnapshotIds, (volume, id) => new CapturedDisk
        {
            VolumeId = volume.Metadata.Name,
            SnapshotId = id,
            SizeGib = volume.Spec.SizeGib,
            Encrypted = volume.Spec.Encrypted,
            KmsKeyId = volume.Spec.KmsKeyId,
            NodeName = volume.Spec.NodeName,
        }),
    ];

    /// <exception cref="AwsException">The mappings do not fit the instance; a volume is not ready.</exception>
    public static CapturedDevices Plan(CreateImageRequest request, InstanceResource instance, AwsCall call)
    {
        var root = instance.Spec.RootDeviceName;
        if (!instance.Spec.BlockDevices.Exists(d => d.DeviceName == root))
            throw Ec2Errors.InvalidValue("InstanceId", request.InstanceId, "the instance has no root volume");
        var mappings = MappingsByDevice(request);
        var (volumes, ids, devices) = (new List<VolumeResource>(), new List<string>(), new List<ImageBlockDevice>());
        foreach (var device in instance.Spec.BlockDevices)
        {
            mappings.Remove(device.DeviceName, out var mapping);
            if (mapping?.NoDevice is not null)
            {
                if (device.DeviceName == root)
                    throw Ec2Errors.InvalidBlockDeviceMapping($"The root device '{root}' cannot be left out.");
                continue;
            }

            var volume = call.Find(StorageKinds.Volume, device.VolumeId) ?? throw Ec2Errors.VolumeNotFound(device.VolumeId);
            SnapshotRequests.RequireReady(volume);
            volumes.Add(volume);
            ids.Add(call.NewId("snap"));
            devices.Add(Describe(device, volume, ids[^1], mapping));
        }

        devices.AddRange(mappings.Values.Where(m => m.Ebs is not null).Select(m => ImageDevices.FromWire(m.DeviceName!, m.Ebs!, known: null)));
        return new CapturedDevices(volumes, ids, devices, root);
    }

    private static Dictionary<string, BlockDeviceMapping> MappingsByDevice(CreateImageRequest request)
    {
        var result = new Dictionary<string, BlockDeviceMapping>(StringComparer.Ordinal);
        foreach (var mapping in request.BlockDeviceMappings ?? [])
        {
            var device = mapping.DeviceName ?? throw Ec2Errors.Missing("BlockDeviceMapping.DeviceName");
            if (!result.TryAdd(device, mapping))
                throw Ec2Errors.InvalidBlockDeviceMapping($"The device '{device}' is used in more than one block-device mapping");
            if (mapping.Ebs is not { } ebs)
                continue;
            VolumeOptions.RefuseUnsupported(ebs.OutpostArn);
            ImageDevices.RefuseKey(device, ebs);
            if (ebs.SnapshotId is not null)
                throw Ec2Errors.InvalidBlockDeviceMapping($"The device '{device}' gets the snapshot that is taken of it; snapshotId cannot be given");
        }

        return result;
    }

    private static ImageBlockDevice Describe(InstanceBlockDevice device, VolumeResource volume, string snapshotId, BlockDeviceMapping? mapping)
    {
        var asItIs = new ImageBlockDevice
        {
            DeviceName = device.DeviceName,
            SizeGib = volume.Spec.SizeGib,
            SnapshotId = snapshotId,
            VolumeType = volume.Spec.VolumeType,
            Iops = volume.Spec.Iops,
            Throughput = volume.Spec.Throughput,
            DeleteOnTermination = device.DeleteOnTermination,
        };
        if (mapping?.Ebs is not { } ebs)
            return asItIs;
        if (ebs.Encrypted is true && !volume.Spec.Encrypted)
            throw Ec2Errors.InvalidBlockDeviceMapping($"The encrypted flag of device {device.DeviceName} cannot be true: its volume '{volume.Metadata.Name}' is not encrypted.");
        var asked = ImageDevices.FromWire(device.DeviceName, ebs, asItIs);
        asked.Encrypted = null; // as its snapshot is
        return asked.SizeGib >= volume.Spec.SizeGib
            ? asked
            : throw Ec2Errors.InvalidBlockDeviceMapping($"Volume of size {asked.SizeGib}GB is smaller than '{volume.Metadata.Name}', expect size >= {volume.Spec.SizeGib}GB");
    }
}

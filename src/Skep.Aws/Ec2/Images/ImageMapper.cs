using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Compute.Kinds;
using Skep.Core.Identity;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2.Images;

/// <summary>An image as EC2 shows it.</summary>
internal sealed class ImageMapper(AwsCall call)
{
    private const long GibBytes = 1L << 30;

    private readonly Dictionary<string, string> _accounts = call.View.List(CoreKinds.Account, ns: null)
        .GroupBy(a => a.Spec.Namespace)
        .ToDictionary(g => g.Key, g => g.First().Spec.AccountId, StringComparer.Ordinal);

    /// <summary>The account that owns an image.</summary>
    public string OwnerOf(ImageResource image) => _accounts.GetValueOrDefault(image.Metadata.Namespace ?? "", call.AccountId);

    public Model.Image Map(ImageResource image)
    {
        var spec = image.Spec;
        var owner = OwnerOf(image);
        return new Model.Image
        {
            ImageId = image.Metadata.Name,
            Name = spec.Name,
            Description = spec.Description,
            State = image.Status?.State ?? "pending",
            StateReason = image.Status?.StateReason is { } reason ? new Model.StateReason { Code = reason.Code, Message = reason.Message } : null,
            Architecture = spec.Architecture,
            // EC2 names legacy firmware so; Skep keeps QEMU's and the field's word.
            BootMode = spec.BootMode == "bios" ? "legacy-bios" : spec.BootMode,
            CreationDate = image.Metadata.CreationTimestamp?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"),
            ImageLocation = $"{owner}/{spec.Name}",
            ImageType = "machine",
            Hypervisor = "kvm",
            VirtualizationType = "hvm",
            EnaSupport = true,
            OwnerId = owner,
            Public = spec.Public,
            PlatformDetails = "Linux/UNIX",
            UsageOperation = "RunInstances",
            RootDeviceName = spec.RootDeviceName,
            RootDeviceType = "ebs",
            BlockDeviceMappings = [.. Devices(spec)],
            Tags = Tagging.ToWire(spec.Tags),
        };
    }

    /// <summary>The root, and what instances get beside it.</summary>
    private IEnumerable<BlockDeviceMapping> Devices(ImageSpec spec)
    {
        var devices = spec.BlockDevices ?? [];
        yield return Map(devices.Find(d => d.DeviceName == spec.RootDeviceName) ?? new ImageBlockDevice { DeviceName = spec.RootDeviceName }, spec);
        foreach (var device in devices.Where(d => d.DeviceName != spec.RootDeviceName))
            yield return Map(device, spec);
    }

    private BlockDeviceMapping Map(ImageBlockDevice device, ImageSpec spec)
    {
        var isRoot = device.DeviceName == spec.RootDeviceName;
        var sizeGib = device.SizeGib ?? (isRoot ? (spec.SizeBytes + GibBytes - 1) / GibBytes : null);
        var snapshotId = device.SnapshotId ?? (isRoot ? spec.SnapshotId : null);
        return new BlockDeviceMapping
        {
            DeviceName = device.DeviceName,
            Ebs = new EbsBlockDevice
            {
                DeleteOnTermination = device.DeleteOnTermination ?? isRoot,
                Encrypted = device.Encrypted is true || (snapshotId is not null && SnapshotLookup.Find(call, snapshotId)?.Spec.Encrypted is true),
                SnapshotId = snapshotId,
                VolumeSize = (int?)sizeGib,
                VolumeType = device.VolumeType ?? "gp3",
                Iops = device.Iops,
                Throughput = device.Throughput,
            },
        };
    }
}

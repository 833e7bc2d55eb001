using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Compute.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>Volumes and their attachments as EC2 shows them.</summary>
internal static class VolumeMapper
{
    /// <summary>A volume.</summary>
    public static Model.Volume Map(VolumeResource volume, AwsCall call)
    {
        var spec = volume.Spec;
        return new Model.Volume
        {
            VolumeId = volume.Metadata.Name,
            Size = (int)spec.SizeGib,
            VolumeType = spec.VolumeType,
            Iops = VolumeShapes.ShownIops(VolumeShape.Of(spec)),
            Throughput = spec.Throughput,
            SnapshotId = spec.SnapshotId ?? "",
            AvailabilityZone = spec.AvailabilityZone,
            AvailabilityZoneId = RegionCatalog.ZoneId(spec.AvailabilityZone),
            CreateTime = volume.Metadata.CreationTimestamp ?? call.Now,
            Encrypted = spec.Encrypted,
            KmsKeyId = spec.Encrypted ? spec.KmsKeyId ?? EbsKey.Arn(call) : null,
            MultiAttachEnabled = false,
            State = StateOf(volume),
            Tags = Tagging.ToWire(spec.Tags),
            Attachments = spec.Attachment is null ? [] : [Attachment(volume, call)],
        };
    }

    /// <summary>creating, available, in-use, deleting or error.</summary>
    public static string StateOf(VolumeResource volume) =>
        volume.Metadata.DeletionTimestamp is not null ? Storage.Kinds.VolumeState.Deleting : volume.Status?.State ?? Storage.Kinds.VolumeState.Creating;

    /// <summary>The attachment of a volume that has one.</summary>
    public static Model.VolumeAttachment Attachment(VolumeResource volume, AwsCall call)
    {
        var attachment = volume.Spec.Attachment!;
        return new Model.VolumeAttachment
        {
            VolumeId = volume.Metadata.Name,
            InstanceId = attachment.InstanceId,
            Device = attachment.Device,
            AttachTime = attachment.AttachTime,
            DeleteOnTermination = attachment.DeleteOnTermination,
            State = AttachmentState(volume, call.Find(ComputeKinds.Instance, attachment.InstanceId)),
        };
    }

    /// <summary>attaching, attached, detaching or busy.</summary>
    /// <param name="volume">A volume that has an attachment.</param>
    /// <param name="instance">The instance it is attached to; null when that is gone.</param>
    public static string AttachmentState(VolumeResource volume, InstanceResource? instance)
    {
        var device = instance?.Status?.BlockDevices?.Find(d => d.VolumeId == volume.Metadata.Name);
        if (volume.Spec.Attachment?.Detach is not null)
            return device?.State is DiskState.Busy ? DiskState.Busy : DiskState.Detaching;
        if (volume.Metadata.DeletionTimestamp is not null)
            return DiskState.Detaching;
        return instance?.Status?.State switch
        {
            Compute.Kinds.InstanceState.Running => device?.State is DiskState.Attached ? DiskState.Attached : DiskState.Attaching,
            Compute.Kinds.InstanceState.Pending => DiskState.Attaching,
            _ => DiskState.Attached,
        };
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists volumes.</summary>
internal sealed class DescribeVolumes : DescribeOperation<DescribeVolumesRequest, DescribeVolumesResult, Volume>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Volume>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<Volume>>(StringComparer.Ordinal)
        {
            ["status"] = (v, _) => [v.State],
            ["attachment.status"] = (v, _) => v.Attachments?.Select(a => a.State) ?? [],
        };

    /// <inheritdoc/>
    protected override IEnumerable<Volume> Items(DescribeVolumesRequest request, AwsCall call, string? after) =>
        Selection.Of(call, StorageKinds.Volume, request.VolumeIds, after, Ec2Errors.VolumeNotFound).Select(Map);

    /// <inheritdoc/>
    protected override string KeyOf(Volume item) => item.VolumeId!;

    /// <inheritdoc/>
    protected override DescribeVolumesResult Respond(List<Volume> items, AwsCall call) => new() { Volumes = items };

    private static Volume Map(VolumeResource volume)
    {
        var spec = volume.Spec;
        var state = volume.Metadata.DeletionTimestamp is not null ? "deleting" : volume.Status?.State ?? "creating";
        return new Volume
        {
            VolumeId = volume.Metadata.Name,
            Size = (int)spec.SizeGib,
            VolumeType = spec.VolumeType,
            Iops = spec.Iops,
            Throughput = spec.Throughput,
            SnapshotId = spec.SnapshotId ?? "",
            AvailabilityZone = spec.AvailabilityZone,
            AvailabilityZoneId = RegionCatalog.ZoneId(spec.AvailabilityZone),
            CreateTime = volume.Metadata.CreationTimestamp,
            Encrypted = spec.Encrypted,
            MultiAttachEnabled = false,
            State = state,
            Tags = Tagging.ToWire(spec.Tags),
            Attachments = spec.Attachment is not { } attachment ? [] :
            [
                new VolumeAttachment
                {
                    VolumeId = volume.Metadata.Name,
                    InstanceId = attachment.InstanceId,
                    Device = attachment.Device,
                    AttachTime = attachment.AttachTime,
                    DeleteOnTermination = attachment.DeleteOnTermination,
                    State = state is "in-use" ? "attached" : state is "deleting" ? "detaching" : "attaching",
                },
            ],
        };
    }
}

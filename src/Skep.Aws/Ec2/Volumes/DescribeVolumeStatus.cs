using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Filters;
using VolumeStates = Skep.Storage.Kinds.VolumeState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Shows whether volumes can be used. I/O is never held back, so there are no events and nothing to be done about them.
/// </summary>
internal sealed class DescribeVolumeStatus : DescribeOperation<DescribeVolumeStatusRequest, DescribeVolumeStatusResult, VolumeStatusItem>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<VolumeStatusItem>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<VolumeStatusItem>>(StringComparer.Ordinal)
        {
            ["volume-status.status"] = (v, _) => [v.VolumeStatus?.Status],
            ["volume-status.details-name"] = (v, _) => v.VolumeStatus?.Details?.Select(d => d.Name) ?? [],
            ["volume-status.details-status"] = (v, _) => v.VolumeStatus?.Details?.Select(d => d.Status) ?? [],
        };

    /// <inheritdoc/>
    protected override IEnumerable<VolumeStatusItem> Items(DescribeVolumeStatusRequest request, AwsCall call, string? after) =>
        Selection.Of(call, StorageKinds.Volume, request.VolumeIds, after, Ec2Errors.VolumeNotFound).Select(Status);

    /// <inheritdoc/>
    protected override string KeyOf(VolumeStatusItem item) => item.VolumeId!;

    /// <inheritdoc/>
    protected override DescribeVolumeStatusResult Respond(List<VolumeStatusItem> items, AwsCall call) => new() { VolumeStatuses = items };

    private static VolumeStatusItem Status(VolumeResource volume)
    {
        var (status, io) = VolumeMapper.StateOf(volume) switch
        {
            VolumeStates.Available or VolumeStates.InUse => ("ok", "passed"),
            VolumeStates.Error => ("impaired", "failed"),
            _ => ("insufficient-data", "insufficient-data"),
        };
        return new VolumeStatusItem
        {
            VolumeId = volume.Metadata.Name,
            AvailabilityZone = volume.Spec.AvailabilityZone,
            AvailabilityZoneId = RegionCatalog.ZoneId(volume.Spec.AvailabilityZone),
            VolumeStatus = new VolumeStatusInfo
            {
                Status = status,
                Details = [new VolumeStatusDetails { Name = "io-enabled", Status = io }, new VolumeStatusDetails { Name = "io-performance", Status = "not-applicable" }],
            },
            Actions = [],
            Events = [],
            AttachmentStatuses = [],
        };
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
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
        Selection.Of(call, StorageKinds.Volume, request.VolumeIds, after, Ec2Errors.VolumeNotFound).Select(v => VolumeMapper.Map(v, call));

    /// <inheritdoc/>
    protected override string KeyOf(Volume item) => item.VolumeId!;

    /// <inheritdoc/>
    protected override DescribeVolumesResult Respond(List<Volume> items, AwsCall call) => new() { Volumes = items };
}

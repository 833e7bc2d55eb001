using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Filters;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2;

/// <summary>Shows the newest modification of each volume that was ever modified.</summary>
internal sealed class DescribeVolumesModifications
    : DescribeOperation<DescribeVolumesModificationsRequest, DescribeVolumesModificationsResult, VolumeModification>
{
    /// <inheritdoc/>
    protected override (int Min, int Max) PageBounds => (1, 500);

    /// <inheritdoc/>
    protected override IEnumerable<VolumeModification> Items(DescribeVolumesModificationsRequest request, AwsCall call, string? after)
    {
        var volumes = Selection.Of(call, StorageKinds.Volume, request.VolumeIds, after, Ec2Errors.VolumeNotFound);
        if (request.VolumeIds is { Count: > 0 } ids && ids.Find(id => call.Find(StorageKinds.Volume, id) is { Status.Modification: null }) is { } unmodified)
            throw new AwsException("InvalidVolumeModification.NotFound", 400, $"Modification for volume '{unmodified}' does not exist.");
        return volumes
            .Where(v => v.Status?.Modification is not null)
            .Select(v => ModificationMapper.Map(v.Metadata.Name, v.Status!.Modification!));
    }

    /// <inheritdoc/>
    protected override string KeyOf(VolumeModification item) => item.VolumeId!;

    /// <inheritdoc/>
    protected override DescribeVolumesModificationsResult Respond(List<VolumeModification> items, AwsCall call) => new() { VolumesModifications = items };
}

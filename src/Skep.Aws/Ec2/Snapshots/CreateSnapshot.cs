using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Ec2.Volumes;

namespace Skep.Aws.Ec2;

/// <summary>Takes a snapshot of a volume, attached or not.</summary>
internal sealed class CreateSnapshot : AwsOperation<CreateSnapshotRequest, Model.Snapshot>
{
    /// <inheritdoc/>
    protected override ValueTask<Model.Snapshot> HandleAsync(CreateSnapshotRequest request, AwsCall call, CancellationToken ct)
    {
        SnapshotRequests.RefusePlaces(request.OutpostArn, request.Location);
        var volume = VolumeSelection.ForChange(call, request.VolumeId);
        var tags = Tagging.ForType(request.TagSpecifications, "snapshot", "snapshot");
        return new(SnapshotMapper.Map(SnapshotRequests.AddOfVolume(call, volume, request.Description, tags), call));
    }
}

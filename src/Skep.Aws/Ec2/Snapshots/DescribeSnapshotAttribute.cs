using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>Shows one attribute of a snapshot.</summary>
internal sealed class DescribeSnapshotAttribute : AwsOperation<DescribeSnapshotAttributeRequest, DescribeSnapshotAttributeResult>
{
    /// <inheritdoc/>
    protected override ValueTask<DescribeSnapshotAttributeResult> HandleAsync(DescribeSnapshotAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        call.Subjects.Add(request.SnapshotId);
        if (call.Find(StorageKinds.Snapshot, request.SnapshotId) is not { Metadata.DeletionTimestamp: null } snapshot)
            throw Ec2Errors.SnapshotNotFound(request.SnapshotId);
        var result = new DescribeSnapshotAttributeResult { SnapshotId = request.SnapshotId };
        if (request.Attribute == SnapshotPermissions.Attribute)
            result.CreateVolumePermissions = SnapshotPermissions.ToWire(snapshot);
        else
            result.ProductCodes = [];
        return new(result);
    }
}

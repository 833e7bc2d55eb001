using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Makes a snapshot its owner's alone again.</summary>
internal sealed class ResetSnapshotAttribute : AwsAction<ResetSnapshotAttributeRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(ResetSnapshotAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        var snapshot = SnapshotLookup.ForChange(call, request.SnapshotId);
        if (request.Attribute != SnapshotPermissions.Attribute)
            throw Ec2Errors.InvalidValue("Attribute", request.Attribute, $"only {SnapshotPermissions.Attribute} can be reset");
        snapshot.Spec.CreateVolumePermissions = null;
        call.Transaction.Update(StorageKinds.Snapshot, snapshot, WriteScope.Main);
        return ValueTask.CompletedTask;
    }
}

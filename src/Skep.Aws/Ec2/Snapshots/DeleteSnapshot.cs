using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Deletes a snapshot. Volumes that were made from it stay as they are.</summary>
internal sealed class DeleteSnapshot : AwsAction<DeleteSnapshotRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(DeleteSnapshotRequest request, AwsCall call, CancellationToken ct)
    {
        SnapshotLookup.ForChange(call, request.SnapshotId);
        SnapshotUse.RequireUnused(call, request.SnapshotId);
        var key = StorageKinds.Snapshot.Key(call.Namespace, request.SnapshotId);
        // Whoever begins to use it says so by requiring the same.
        call.Transaction.RequireUnchanged(key);
        call.Transaction.Delete(key, DeleteOptions.Background);
        return ValueTask.CompletedTask;
    }
}

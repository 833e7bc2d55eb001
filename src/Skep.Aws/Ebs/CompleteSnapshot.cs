using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Store;
using Skep.Storage.Direct;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ebs;

/// <summary>
/// Says that all blocks of a snapshot were put. Count and checksum that do not fit what arrived are refused, and the
/// snapshot goes on waiting. Asking again is no error.
/// </summary>
internal sealed class CompleteSnapshot(EbsSnapshots snapshots, DirectSnapshots direct) : AwsOperation<CompleteSnapshotRequest, CompleteSnapshotResponse>
{
    /// <inheritdoc/>
    protected override async ValueTask<CompleteSnapshotResponse> HandleAsync(CompleteSnapshotRequest request, AwsCall call, CancellationToken ct)
    {
        var snapshot = snapshots.RequireDirect(call, request.SnapshotId);
        var state = SnapshotMapper.StateOf(snapshot);
        if (state == SnapshotState.Error)
            throw EbsErrors.SnapshotState(request.SnapshotId, state, "it cannot be completed");
        if (state == SnapshotState.Completed || snapshot.Spec.Sealed)
            return new CompleteSnapshotResponse { Status = state };
        Check(request);
        try
        {
            await direct.EnsureBegunAsync(EbsSnapshots.RequestOf(snapshot), ct);
        }
        catch (Exception ex) when (EbsErrors.IsExpected(ex))
        {
            throw EbsErrors.Of(ex);
        }

        snapshot.Spec.Sealed = true;
        call.Transaction.Update(StorageKinds.Snapshot, snapshot, WriteScope.Main);
        return new CompleteSnapshotResponse { Status = SnapshotState.Pending };
    }

    private void Check(CompleteSnapshotRequest request)
    {
        var (count, sum) = direct.Count(request.SnapshotId);
        if (request.ChangedBlocksCount != count)
        {
            throw EbsErrors.Value(
                $"ChangedBlocksCount is {request.ChangedBlocksCount}, and {count} different blocks were put since the daemon's last start; put those that are missing");
        }

        if (request.Checksum is null)
            return;
        if (request.ChecksumAlgorithm is null || request.ChecksumAggregationMethod is null)
            throw EbsErrors.Value("a checksum needs ChecksumAlgorithm and ChecksumAggregationMethod");
        var expected = Convert.ToBase64String(sum);
        if (request.Checksum != expected)
            throw EbsErrors.Value($"the checksum of the blocks that arrived is {expected}, not {request.Checksum}");
    }
}

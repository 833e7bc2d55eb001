using System.Security.Cryptography;
using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Store;
using Skep.Storage.Direct;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ebs;

/// <summary>Puts a block of a snapshot; it survives a crash when the answer is given. Putting a block again replaces it.</summary>
internal sealed class PutSnapshotBlock(EbsSnapshots snapshots, DirectSnapshots direct) : AwsOperation<PutSnapshotBlockRequest, PutSnapshotBlockResponse>
{
    /// <inheritdoc/>
    protected override async ValueTask<PutSnapshotBlockResponse> HandleAsync(PutSnapshotBlockRequest request, AwsCall call, CancellationToken ct)
    {
        var snapshot = snapshots.RequireDirect(call, request.SnapshotId);
        var state = SnapshotMapper.StateOf(snapshot);
        if (state != SnapshotState.Pending || snapshot.Spec.Sealed)
            throw EbsErrors.SnapshotState(request.SnapshotId, snapshot.Spec.Sealed ? "completing" : state, "blocks can be put only before CompleteSnapshot");
        var block = request.BlockIndex;
        if (block >= EbsSnapshots.BlockCount(snapshot))
            throw EbsErrors.NoSuchBlock(block, EbsSnapshots.BlockCount(snapshot));
        var data = request.BlockData.Bytes;
        if (request.DataLength != EbsSnapshots.BlockBytes || data.Length != EbsSnapshots.BlockBytes)
            throw EbsErrors.Value($"a block has {EbsSnapshots.BlockBytes} bytes; x-amz-Data-Length says {request.DataLength} and the body has {data.Length}");
        var sha256 = SHA256.HashData(data.Span);
        var checksum = Convert.ToBase64String(sha256);
        if (checksum != request.Checksum)
            throw EbsErrors.Value($"the checksum of the block that arrived is {checksum}, not {request.Checksum}");
        try
        {
            await direct.PutAsync(EbsSnapshots.RequestOf(snapshot), block, data, sha256, ct);
        }
        catch (Exception ex) when (EbsErrors.IsExpected(ex))
        {
            throw EbsErrors.Of(ex);
        }

        if (request.Progress is { } progress && progress > snapshot.Status?.Progress)
        {
            snapshot.Status.Progress = progress;
            call.Transaction.Update(StorageKinds.Snapshot, snapshot, WriteScope.Status);
        }

        return new PutSnapshotBlockResponse { Checksum = checksum, ChecksumAlgorithm = request.ChecksumAlgorithm };
    }
}

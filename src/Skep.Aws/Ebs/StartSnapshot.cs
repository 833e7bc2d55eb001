using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Aws.Ec2;
using Skep.Aws.Ec2.Snapshots;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ebs;

/// <summary>Begins a snapshot whose blocks are put one by one.</summary>
internal sealed class StartSnapshot(EbsSnapshots snapshots) : AwsOperation<StartSnapshotRequest, StartSnapshotResponse>
{
    private const long VolumeSizeGibMax = 16_384;

    /// <summary>Snapshots of an account that may wait for blocks at a time.</summary>
    private const int PendingMax = 100;

    /// <inheritdoc/>
    protected override ValueTask<StartSnapshotResponse> HandleAsync(StartSnapshotRequest request, AwsCall call, CancellationToken ct)
    {
        if (request.Encrypted is true || request.KmsKeyArn is not null)
            throw EbsErrors.Value("Skep does not support encrypted snapshots yet");
        if (request.VolumeSize > VolumeSizeGibMax)
            throw EbsErrors.VolumeSize($"A volume has 1 to {VolumeSizeGibMax} GiB, not {request.VolumeSize}.");
        var parent = request.ParentSnapshotId is { } parentId ? RequireParent(call, parentId, request.VolumeSize) : null;
        var pending = call.List(StorageKinds.Snapshot, after: null).Count(s => s.Spec.Source == SnapshotSource.Direct && SnapshotMapper.StateOf(s) == SnapshotState.Pending);
        if (pending >= PendingMax)
            throw EbsErrors.ConcurrentLimit(PendingMax);
        var snapshot = SnapshotRequests.Add(call, call.NewId("snap"), request.Description, new SnapshotSpec
        {
            Source = SnapshotSource.Direct,
            VolumeSizeGib = request.VolumeSize,
            ParentSnapshotId = request.ParentSnapshotId,
            NodeName = parent?.Spec.NodeName ?? snapshots.NodeName,
            TimeoutMinutes = request.Timeout,
            Tags = TagsOf(request.Tags),
        });
        return new(new StartSnapshotResponse
        {
            SnapshotId = snapshot.Metadata.Name,
            Description = request.Description,
            OwnerId = call.AccountId,
            Status = SnapshotState.Pending,
            StartTime = call.Now,
            VolumeSize = request.VolumeSize,
            BlockSize = EbsSnapshots.BlockBytes,
            Tags = request.Tags,
            ParentSnapshotId = request.ParentSnapshotId,
            SseType = "none",
        });
    }

    private SnapshotResource RequireParent(AwsCall call, string id, long volumeSizeGib)
    {
        var parent = snapshots.RequireCompleted(call, id);
        if (parent.Metadata.Namespace != call.Namespace)
            throw EbsErrors.SnapshotNotFound(id);
        if (parent.Spec.Encrypted)
            throw EbsErrors.Value("Skep does not support encrypted snapshots yet");
        if (volumeSizeGib < parent.Spec.VolumeSizeGib)
            throw EbsErrors.VolumeSize($"The volume size of {volumeSizeGib} GiB is smaller than that of the parent snapshot '{id}', {parent.Spec.VolumeSizeGib} GiB.");
        call.Transaction.RequireUnchanged(StorageKinds.Snapshot.Key(call.Namespace, id));
        return parent;
    }

    private static Dictionary<string, string>? TagsOf(List<Tag>? tags)
    {
        if (tags is null or { Count: 0 })
            return null;
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in tags)
            Tagging.Add(result, new Ec2.Model.Tag { Key = tag.Key, Value = tag.Value });
        return result;
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ebs.Model;
using Skep.Aws.Ec2;
using Skep.Aws.Ec2.Encryption;
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
        if (request.VolumeSize > VolumeSizeGibMax)
            throw EbsErrors.VolumeSize($"A volume has 1 to {VolumeSizeGibMax} GiB, not {request.VolumeSize}.");
        var parent = request.ParentSnapshotId is { } parentId ? RequireParent(call, parentId, request.VolumeSize) : null;
        var encryption = EncryptionOf(request, parent, call);
        var pending = call.List(StorageKinds.Snapshot, after: null).Count(s => s.Spec.Source == SnapshotSource.Direct && SnapshotMapper.StateOf(s) == SnapshotState.Pending);
        if (pending >= PendingMax)
            throw EbsErrors.ConcurrentLimit(PendingMax);
        var snapshot = SnapshotRequests.Add(call, call.NewId("snap"), request.Description, new SnapshotSpec
        {
            Source = SnapshotSource.Direct,
            VolumeSizeGib = request.VolumeSize,
            ParentSnapshotId = request.ParentSnapshotId,
            Encrypted = encryption.IsEncrypted,
            KmsKeyId = encryption.KmsKeyId,
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
            KmsKeyArn = encryption.KmsKeyId,
            SseType = encryption.IsEncrypted ? "sse-kms" : "none",
        });
    }

    /// <summary>The tables of "Encryption outcomes for EBS direct APIs" (EBS user guide): a child is as its parent.</summary>
    private static EncryptionOutcome EncryptionOf(StartSnapshotRequest request, SnapshotResource? parent, AwsCall call)
    {
        if (request.KmsKeyArn is not null && request.Encrypted is not true)
            throw EbsErrors.Dependency("KmsKeyArn requires Encrypted to be true.");
        if (parent is not null && request.Encrypted is not null)
            throw EbsErrors.Dependency("Encrypted and ParentSnapshotId may not both be specified: a snapshot is encrypted as its parent is.");
        if (parent is { Spec.Encrypted: false } && EbsEncryptionChoice.IsByDefault(call))
            throw EbsErrors.Dependency($"Encryption by default is enabled, and the parent snapshot '{request.ParentSnapshotId}' is not encrypted: encrypt it first by copying it.");
        if (request.KmsKeyArn is { } key && EbsKey.Find(call, key) is null)
            throw EbsErrors.CustomerKey($"KmsKeyArn {key}: {EbsKey.Unknown(call)}.");
        return EncryptionOutcome.Decide(call, request.Encrypted, request.KmsKeyArn, SourceEncryption.Of(parent), EbsErrors.Value);
    }

    private SnapshotResource RequireParent(AwsCall call, string id, long volumeSizeGib)
    {
        var parent = snapshots.RequireCompleted(call, id);
        if (parent.Metadata.Namespace != call.Namespace)
            throw EbsErrors.SnapshotNotFound(id);
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

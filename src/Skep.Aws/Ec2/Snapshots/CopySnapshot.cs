using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2;

/// <summary>Copies a snapshot, from this region or another of the same cloud.</summary>
internal sealed class CopySnapshot : AwsOperation<CopySnapshotRequest, CopySnapshotResult>
{
    /// <inheritdoc/>
    protected override ValueTask<CopySnapshotResult> HandleAsync(CopySnapshotRequest request, AwsCall call, CancellationToken ct)
    {
        if (request.DestinationOutpostArn is not null)
            throw Ec2Errors.Unsupported("Outposts");
        if (request.DestinationAvailabilityZone is not null)
            throw Ec2Errors.Unsupported("snapshots in a Local Zone");
        if (request.CompletionDurationMinutes is not null)
            throw Ec2Errors.Unsupported("time-based copies of snapshots");
        if (request.DestinationRegion is { } destination && destination != call.Region)
            throw Ec2Errors.InvalidValue("DestinationRegion", destination, $"a copy is asked for in the region that it is made in; this is {call.Region}");
        RegionName.Check(request.SourceRegion);
        var source = Find(call, request.SourceRegion, request.SourceSnapshotId);
        if (SnapshotMapper.StateOf(source) != SnapshotState.Completed)
            throw Ec2Errors.IncorrectState($"The snapshot '{request.SourceSnapshotId}' is in the '{SnapshotMapper.StateOf(source)}' state; only a completed one can be copied.");
        var encryption = EncryptionOutcome.Decide(call, request.Encrypted, request.KmsKeyId, SourceEncryption.Of(source), Ec2Errors.InvalidCombination);
        var tags = Tagging.ForType(request.TagSpecifications, "snapshot", "snapshot");
        call.Transaction.RequireUnchanged(StorageKinds.Snapshot.Key(source.Metadata.Namespace!, source.Metadata.Name));
        var copy = SnapshotRequests.Add(
            call,
            call.NewId("snap"),
            request.Description ?? $"[Copied {source.Metadata.Name} from {request.SourceRegion}]",
            new SnapshotSpec
            {
                Source = SnapshotSource.Copy,
                SourceSnapshotId = source.Metadata.Name,
                VolumeSizeGib = source.Spec.VolumeSizeGib,
                Encrypted = encryption.IsEncrypted,
                KmsKeyId = encryption.KmsKeyId,
                NodeName = source.Spec.NodeName,
                Tags = tags,
            });
        return new(new CopySnapshotResult { SnapshotId = copy.Metadata.Name, Tags = Tagging.ToWire(tags) });
    }

    private static SnapshotResource Find(AwsCall call, string region, string id)
    {
        call.Subjects.Add(id);
        if (SnapshotLookup.Find(call, id) is { Metadata.DeletionTimestamp: null } near && region == call.Region)
            return near;
        // The account's own in another region: the same store, seen from elsewhere.
        return call.View.Get(StorageKinds.Snapshot.Key(call.Namespace, id))?.View(StorageKinds.Snapshot) is { Metadata.DeletionTimestamp: null } far
            && far.Metadata.Labels?.GetValueOrDefault(AwsCall.RegionLabel) == region
                ? far
                : throw Ec2Errors.SnapshotNotFound(id);
    }
}

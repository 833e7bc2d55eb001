using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>What the operations that make snapshots share: limits, the state a volume must be in, and the pending resource.</summary>
internal static class SnapshotRequests
{
    /// <summary>Snapshots of one account (EBS' quota).</summary>
    private const int SnapshotsMax = 100_000;

    /// <summary>Snapshots of one volume that may be pending (EBS' quotas by volume type).</summary>
    private const int PendingMax = 5;
    private const int PendingMaxOfDisks = 1;

    private const int DescriptionLengthMax = 255;

    /// <summary>Adds a pending snapshot of a volume to the call's transaction.</summary>
    /// <exception cref="AwsException">IncorrectState, SnapshotLimitExceeded, ConcurrentSnapshotLimitExceeded, InvalidParameterValue.</exception>
    public static SnapshotResource AddOfVolume(AwsCall call, VolumeResource volume, string? description, Dictionary<string, string>? tags) =>
        AddOfVolume(call, call.NewId("snap"), volume, description, tags, takenWith: null);

    /// <summary>Adds a pending snapshot with an id that was drawn before, as one of a set.</summary>
    /// <exception cref="AwsException">As for a single one.</exception>
    public static SnapshotResource AddOfVolume(
        AwsCall call, string snapshotId, VolumeResource volume, string? description, Dictionary<string, string>? tags, List<string>? takenWith)
    {
        var id = volume.Metadata.Name;
        RequireReady(volume);
        var pendingMax = volume.Spec.VolumeType is "st1" or "sc1" ? PendingMaxOfDisks : PendingMax;
        var pending = call.List(StorageKinds.Snapshot, after: null).Count(s => s.Spec.VolumeId == id && SnapshotMapper.StateOf(s) == SnapshotState.Pending);
        if (pending >= pendingMax)
            throw Ec2Errors.ConcurrentSnapshotLimit(id, pendingMax);
        call.Transaction.RequireUnchanged(StorageKinds.Volume.Key(call.Namespace, id));
        return Add(call, snapshotId, description, new SnapshotSpec
        {
            Source = SnapshotSource.Volume,
            VolumeId = id,
            VolumeSizeGib = volume.Spec.SizeGib,
            Encrypted = volume.Spec.Encrypted,
            KmsKeyId = volume.Spec.KmsKeyId,
            NodeName = volume.Spec.NodeName,
            TakenWith = takenWith,
            Tags = tags,
        });
    }

    /// <summary>Adds a pending snapshot to the call's transaction.</summary>
    /// <exception cref="AwsException">SnapshotLimitExceeded, InvalidParameterValue.</exception>
    public static SnapshotResource Add(AwsCall call, string snapshotId, string? description, SnapshotSpec spec)
    {
        if (description?.Length > DescriptionLengthMax)
            throw Ec2Errors.InvalidValue("Description", description[..DescriptionLengthMax] + "…", $"it can be up to {DescriptionLengthMax} characters");
        if (call.View.List(StorageKinds.Snapshot.GroupResource, call.Namespace, after: null).Skip(SnapshotsMax - 1).Any())
            throw Ec2Errors.SnapshotLimit(SnapshotsMax);
        spec.Description = description;
        spec.OwnerAccount = call.AccountId;
        var snapshot = Make(call.NewMetadata(snapshotId), spec, call.Now);
        call.Transaction.Create(StorageKinds.Snapshot, snapshot);
        return snapshot;
    }

    /// <summary>A pending snapshot.</summary>
    public static SnapshotResource Make(ObjectMeta metadata, SnapshotSpec spec, DateTimeOffset now)
    {
        metadata.Finalizers = [SnapshotResource.Finalizer];
        return new SnapshotResource { Metadata = metadata, Spec = spec, Status = new SnapshotStatus { StartTime = now } };
    }

    /// <summary>The state that a volume must not be in when a snapshot is taken.</summary>
    /// <exception cref="AwsException">IncorrectState.</exception>
    public static void RequireReady(VolumeResource volume)
    {
        if (volume.Status?.State is null or VolumeState.Creating or VolumeState.Error)
            throw Ec2Errors.IncorrectState($"The volume '{volume.Metadata.Name}' is in the '{volume.Status?.State ?? VolumeState.Creating}' state; it must be available or in-use.");
    }

    /// <summary>Refuses places that Skep does not have.</summary>
    public static void RefusePlaces(string? outpostArn, string? location)
    {
        if (outpostArn is not null)
            throw Ec2Errors.Unsupported("Outposts");
        if (location is "local")
            throw Ec2Errors.Unsupported("snapshots in a Local Zone");
    }
}

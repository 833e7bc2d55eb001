using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>Options that every operation that makes volumes takes.</summary>
internal static class VolumeOptions
{
    /// <summary>Refuses places that Skep does not have.</summary>
    public static void RefuseUnsupported(string? outpostArn)
    {
        if (outpostArn is not null)
            throw Ec2Errors.Unsupported("Outposts");
    }

    /// <summary>A snapshot that volumes may be made of: the account's own, or one that it was given.</summary>
    /// <exception cref="AwsException">InvalidSnapshot.NotFound, IncorrectState.</exception>
    public static SourceSnapshot RequireSnapshot(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        var snapshot = SnapshotLookup.Find(call, id) is { Metadata.DeletionTimestamp: null } found ? found : throw Ec2Errors.SnapshotNotFound(id);
        if (SnapshotMapper.StateOf(snapshot) is Storage.Kinds.SnapshotState.Error)
            throw Ec2Errors.IncorrectState($"The snapshot '{id}' is in the 'error' state.");

        // A snapshot that is deleted in this very moment must not be what a new volume waits for.
        call.Transaction.RequireUnchanged(StorageKinds.Snapshot.Key(snapshot.Metadata.Namespace ?? call.Namespace, id));
        return new SourceSnapshot(id, snapshot.Spec.VolumeSizeGib, snapshot.Spec.NodeName, snapshot.Spec.Encrypted);
    }
}

/// <summary>A snapshot that a volume is made of.</summary>
internal sealed record SourceSnapshot(string Id, long SizeGib, string? NodeName, bool IsEncrypted)
{
    /// <summary>What encryption follows from it; null for a volume that is made of none.</summary>
    public static SourceEncryption EncryptionOf(SourceSnapshot? snapshot) => new(snapshot?.Id, snapshot?.IsEncrypted is true);
}

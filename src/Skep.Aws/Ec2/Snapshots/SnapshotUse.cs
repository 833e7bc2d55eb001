using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>Who still needs a snapshot.</summary>
internal static class SnapshotUse
{
    /// <summary>Refuses to take away a snapshot that an image starts from, or whose content is still being fetched.</summary>
    /// <exception cref="AwsException">InvalidSnapshot.InUse.</exception>
    public static void RequireUnused(AwsCall call, string id)
    {
        var image = call.View.List(ComputeKinds.Image, ns: null)
            .FirstOrDefault(i => i.Metadata.DeletionTimestamp is null && (i.Spec.SnapshotId == id || i.Spec.BlockDevices?.Exists(d => d.SnapshotId == id) is true));
        if (image is not null)
            throw Ec2Errors.SnapshotInUse(id, image.Metadata.Name);
        var volume = call.View.List(StorageKinds.Volume, ns: null)
            .FirstOrDefault(v => v.Metadata.DeletionTimestamp is null && IsFetching(v, id));
        if (volume is not null)
            throw Ec2Errors.SnapshotInUse(id, $"{volume.Metadata.Name}, whose content is still being fetched from it");
        var other = call.View.List(StorageKinds.Snapshot, ns: null)
            .FirstOrDefault(s => SnapshotMapper.StateOf(s) == SnapshotState.Pending && (s.Spec.SourceSnapshotId == id || s.Spec.ParentSnapshotId == id));
        if (other is not null)
            throw Ec2Errors.SnapshotInUse(id, $"{other.Metadata.Name}, which is being made of it");
    }

    private static bool IsFetching(VolumeResource volume, string snapshotId) =>
        volume.Status?.HydratingFrom == snapshotId
        || (volume.Spec.SnapshotId == snapshotId && (volume.Status is null || volume.Status.State == VolumeState.Creating));
}

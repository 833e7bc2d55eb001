using System.Globalization;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Encryption;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>Snapshots as EC2 shows them.</summary>
internal static class SnapshotMapper
{
    /// <summary>What EC2 shows in place of a volume's id when a snapshot was not made of a volume of this cloud.</summary>
    private const string NoVolume = "vol-ffffffff";

    /// <summary>A snapshot.</summary>
    public static Model.Snapshot Map(SnapshotResource snapshot, AwsCall call)
    {
        var (spec, status) = (snapshot.Spec, snapshot.Status);
        return new Model.Snapshot
        {
            SnapshotId = snapshot.Metadata.Name,
            VolumeId = spec.VolumeId ?? NoVolume,
            VolumeSize = (int)spec.VolumeSizeGib,
            State = StateOf(snapshot),
            StateMessage = status?.State == SnapshotState.Error ? status.Message : null,
            StartTime = StartOf(snapshot, call),
            CompletionTime = status?.CompletionTime,
            Progress = ProgressOf(snapshot),
            OwnerId = OwnerOf(snapshot, call),
            Description = spec.Description ?? "",
            Encrypted = spec.Encrypted,
            KmsKeyId = spec.Encrypted ? spec.KmsKeyId ?? EbsKey.Arn(call) : null,
            StorageTier = spec.StorageTier,
            FullSnapshotSizeInBytes = status?.DataBytes,
            TransferType = spec.Source == SnapshotSource.Copy ? "standard" : null,
            Tags = Tagging.ToWire(spec.Tags),
        };
    }

    /// <summary>A snapshot of a set.</summary>
    public static Model.SnapshotInfo MapInfo(SnapshotResource snapshot, AwsCall call) => new()
    {
        SnapshotId = snapshot.Metadata.Name,
        VolumeId = snapshot.Spec.VolumeId,
        VolumeSize = (int)snapshot.Spec.VolumeSizeGib,
        State = StateOf(snapshot),
        StartTime = StartOf(snapshot, call),
        Progress = ProgressOf(snapshot),
        OwnerId = OwnerOf(snapshot, call),
        Description = snapshot.Spec.Description ?? "",
        Encrypted = snapshot.Spec.Encrypted,
        Tags = Tagging.ToWire(snapshot.Spec.Tags),
    };

    /// <summary>pending, completed or error.</summary>
    public static string StateOf(SnapshotResource snapshot) => snapshot.Status?.State ?? SnapshotState.Pending;

    /// <summary>The account that owns a snapshot.</summary>
    public static string OwnerOf(SnapshotResource snapshot, AwsCall call) => snapshot.Spec.OwnerAccount ?? call.AccountId;

    private static DateTimeOffset StartOf(SnapshotResource snapshot, AwsCall call) =>
        snapshot.Status?.StartTime ?? snapshot.Metadata.CreationTimestamp ?? call.Now;

    private static string ProgressOf(SnapshotResource snapshot) =>
        string.Create(CultureInfo.InvariantCulture, $"{(StateOf(snapshot) == SnapshotState.Completed ? 100 : snapshot.Status?.Progress ?? 0)}%");
}

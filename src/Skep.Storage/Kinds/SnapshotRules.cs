using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The rules of kind Snapshot.</summary>
internal static class SnapshotRules
{
    private const long SizeGibMax = 16_384;

    /// <summary>EBS direct's limits of StartSnapshot's Timeout.</summary>
    private const int TimeoutMinutesMin = 10;
    private const int TimeoutMinutesMax = 4_320;

    public static IEnumerable<FieldError> Validate(Snapshot value, Snapshot? old)
    {
        var spec = value.Spec;
        if (spec.VolumeSizeGib is < 1 or > SizeGibMax)
            yield return new("spec.volumeSizeGib", FieldErrorReason.Invalid, $"a snapshot has 1 to {SizeGibMax} GiB, not {spec.VolumeSizeGib}");
        if (spec.StorageTier is not ("standard" or "archive"))
            yield return new("spec.storageTier", FieldErrorReason.NotSupported, $"\"{spec.StorageTier}\" is neither standard nor archive");
        if (spec.TimeoutMinutes is < TimeoutMinutesMin or > TimeoutMinutesMax)
            yield return new("spec.timeoutMinutes", FieldErrorReason.Invalid, $"{TimeoutMinutesMin} to {TimeoutMinutesMax}, not {spec.TimeoutMinutes}");
        foreach (var error in CheckSource(spec))
            yield return error;
        if (spec.TakenWith is { Count: > 0 } others
            && (spec.Source != SnapshotSource.Volume || others.Contains(value.Metadata.Name) || others.Distinct(StringComparer.Ordinal).Count() != others.Count))
            yield return new("spec.takenWith", FieldErrorReason.Invalid, "the other snapshots of a set, each once; all are taken of volumes");
        foreach (var permission in spec.CreateVolumePermissions ?? [])
        {
            if ((permission.UserId is null) == (permission.Group is null) || permission.Group is not (null or "all"))
                yield return new("spec.createVolumePermissions", FieldErrorReason.Invalid, "each is either a userId or the group \"all\"");
        }

        if (old is null)
            yield break;
        if ((spec.Source, spec.VolumeId, spec.ParentSnapshotId, spec.SourceSnapshotId) != (old.Spec.Source, old.Spec.VolumeId, old.Spec.ParentSnapshotId, old.Spec.SourceSnapshotId))
            yield return new("spec.source", FieldErrorReason.Forbidden, "where a snapshot's content comes from cannot be changed");
        if (!(spec.TakenWith ?? []).SequenceEqual(old.Spec.TakenWith ?? [], StringComparer.Ordinal))
            yield return new("spec.takenWith", FieldErrorReason.Forbidden, "with which others a snapshot is taken cannot be changed");
        if (spec.VolumeSizeGib != old.Spec.VolumeSizeGib)
            yield return new("spec.volumeSizeGib", FieldErrorReason.Forbidden, $"a snapshot's size cannot be changed from {old.Spec.VolumeSizeGib} to {spec.VolumeSizeGib}");
        if (spec.Encrypted != old.Spec.Encrypted)
            yield return new("spec.encrypted", FieldErrorReason.Forbidden, "encryption cannot be changed");
        if (old.Spec.Sealed && !spec.Sealed)
            yield return new("spec.sealed", FieldErrorReason.Forbidden, "a sealed snapshot cannot be opened again");
    }

    private static IEnumerable<FieldError> CheckSource(SnapshotSpec spec)
    {
        switch (spec.Source)
        {
            case SnapshotSource.Volume when string.IsNullOrEmpty(spec.VolumeId):
                yield return new("spec.volumeId", FieldErrorReason.Required, "the volume that the snapshot is taken of");
                break;
            case SnapshotSource.Copy when string.IsNullOrEmpty(spec.SourceSnapshotId):
                yield return new("spec.sourceSnapshotId", FieldErrorReason.Required, "the snapshot that is copied");
                break;
            case SnapshotSource.Volume or SnapshotSource.Copy or SnapshotSource.Direct:
                break;
            default:
                yield return new("spec.source", FieldErrorReason.NotSupported, $"\"{spec.Source}\" is none of volume, direct, copy");
                break;
        }
    }
}

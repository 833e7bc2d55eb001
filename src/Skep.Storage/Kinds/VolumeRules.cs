using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The rules of kind Volume: EBS' limits of sizes and performance by type.</summary>
internal static class VolumeRules
{
    public static IEnumerable<FieldError> Validate(Volume value, Volume? old)
    {
        var spec = value.Spec;
        if (VolumeType.Find(spec.VolumeType) is not { } limits)
        {
            yield return new("spec.volumeType", FieldErrorReason.NotSupported, $"\"{spec.VolumeType}\" is none of {string.Join(", ", VolumeType.All.Select(t => t.Name))}");
            yield break;
        }

        if (spec.SizeGib < limits.SizeMin || spec.SizeGib > limits.SizeMax)
            yield return new("spec.sizeGib", FieldErrorReason.Invalid, $"a {spec.VolumeType} volume has {limits.SizeMin} to {limits.SizeMax} GiB, not {spec.SizeGib}");
        foreach (var error in CheckPerformance(spec, limits))
            yield return error;
        if (spec.Attachment?.Detach is not (null or VolumeDetach.Requested or VolumeDetach.Forced))
            yield return new("spec.attachment.detach", FieldErrorReason.NotSupported, $"\"{spec.Attachment.Detach}\" is neither {VolumeDetach.Requested} nor {VolumeDetach.Forced}");
        if (old is null)
            yield break;
        if (spec.SizeGib < old.Spec.SizeGib)
            yield return new("spec.sizeGib", FieldErrorReason.Forbidden, $"a volume can only grow: {old.Spec.SizeGib} GiB cannot become {spec.SizeGib}");
        if (spec.ImageId != old.Spec.ImageId || spec.SnapshotId != old.Spec.SnapshotId)
            yield return new("spec.imageId", FieldErrorReason.Forbidden, "what a volume started from cannot be changed");
        // The default pool is written into a volume that names none, before it is made.
        if (spec.PoolName != old.Spec.PoolName && (old.Spec.PoolName is not null || old.Status is { Path: not null } or { NbdSocket: not null }))
            yield return new("spec.poolName", FieldErrorReason.Forbidden, "a volume cannot be moved to another pool; make one there from a snapshot");
        if (spec.Encrypted != old.Spec.Encrypted)
            yield return new("spec.encrypted", FieldErrorReason.Forbidden, "encryption cannot be changed");
    }

    private static IEnumerable<FieldError> CheckPerformance(VolumeSpec spec, VolumeType limits)
    {
        if (spec.Iops is { } iops)
        {
            if (limits.IopsMax == 0)
                yield return new("spec.iops", FieldErrorReason.Forbidden, $"cannot be chosen for {spec.VolumeType}");
            else if (iops < limits.IopsMin || iops > limits.IopsMax)
                yield return new("spec.iops", FieldErrorReason.Invalid, $"a {spec.VolumeType} volume has {limits.IopsMin} to {limits.IopsMax}, not {iops}");
            else if (iops > limits.IopsMin && iops > spec.SizeGib * limits.IopsPerGib)
                yield return new("spec.iops", FieldErrorReason.Invalid, $"a {spec.VolumeType} volume has at most {limits.IopsPerGib} for each GiB: {spec.SizeGib * limits.IopsPerGib}, not {iops}");
        }
        else if (limits.IsIopsRequired)
        {
            yield return new("spec.iops", FieldErrorReason.Required, $"required for {spec.VolumeType}");
        }

        if (spec.Throughput is not { } throughput)
            yield break;
        if (limits.ThroughputMax == 0)
            yield return new("spec.throughput", FieldErrorReason.Forbidden, $"cannot be chosen for {spec.VolumeType}");
        else if (throughput < limits.ThroughputMin || throughput > limits.ThroughputMax)
            yield return new("spec.throughput", FieldErrorReason.Invalid, $"a {spec.VolumeType} volume has {limits.ThroughputMin} to {limits.ThroughputMax} MiB/s, not {throughput}");
    }
}

using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>The rules of kind Volume: EBS' limits of sizes and performance by type.</summary>
internal static class VolumeRules
{
    private const int Gp3ThroughputMin = 125;
    private const int Gp3ThroughputMax = 1_000;

    /// <summary>Limits of one type; IopsMax 0 means that operations per second cannot be chosen.</summary>
    private sealed record Limits(long SizeMin, long SizeMax, int IopsMin, int IopsMax, bool IsIopsRequired, int IopsPerGib);

    private static readonly Dictionary<string, Limits> _limits = new()
    {
        ["gp2"] = new(1, 16_384, 0, 0, IsIopsRequired: false, 0),
        ["gp3"] = new(1, 16_384, 3_000, 16_000, IsIopsRequired: false, 500),
        ["io1"] = new(4, 16_384, 100, 64_000, IsIopsRequired: true, 50),
        ["io2"] = new(4, 16_384, 100, 256_000, IsIopsRequired: true, 1_000),
        ["st1"] = new(125, 16_384, 0, 0, IsIopsRequired: false, 0),
        ["sc1"] = new(125, 16_384, 0, 0, IsIopsRequired: false, 0),
        ["standard"] = new(1, 1_024, 0, 0, IsIopsRequired: false, 0),
    };

    public static IEnumerable<FieldError> Validate(Volume value, Volume? old)
    {
        var spec = value.Spec;
        if (!_limits.TryGetValue(spec.VolumeType, out var limits))
        {
            yield return new("spec.volumeType", FieldErrorReason.NotSupported, $"\"{spec.VolumeType}\" is none of {string.Join(", ", _limits.Keys)}");
            yield break;
        }

        if (spec.SizeGib < limits.SizeMin || spec.SizeGib > limits.SizeMax)
            yield return new("spec.sizeGib", FieldErrorReason.Invalid, $"a {spec.VolumeType} volume has {limits.SizeMin} to {limits.SizeMax} GiB, not {spec.SizeGib}");
        foreach (var error in CheckPerformance(spec, limits))
            yield return error;
        if (old is null)
            yield break;
        if (spec.SizeGib < old.Spec.SizeGib)
            yield return new("spec.sizeGib", FieldErrorReason.Forbidden, $"a volume can only grow: {old.Spec.SizeGib} GiB cannot become {spec.SizeGib}");
        if (spec.ImageId != old.Spec.ImageId || spec.SnapshotId != old.Spec.SnapshotId)
            yield return new("spec.imageId", FieldErrorReason.Forbidden, "what a volume started from cannot be changed");
        if (spec.Encrypted != old.Spec.Encrypted)
            yield return new("spec.encrypted", FieldErrorReason.Forbidden, "encryption cannot be changed");
    }

    private static IEnumerable<FieldError> CheckPerformance(VolumeSpec spec, Limits limits)
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
        if (spec.VolumeType != "gp3")
            yield return new("spec.throughput", FieldErrorReason.Forbidden, $"cannot be chosen for {spec.VolumeType}");
        else if (throughput is < Gp3ThroughputMin or > Gp3ThroughputMax)
            yield return new("spec.throughput", FieldErrorReason.Invalid, $"a gp3 volume has {Gp3ThroughputMin} to {Gp3ThroughputMax} MiB/s, not {throughput}");
    }
}

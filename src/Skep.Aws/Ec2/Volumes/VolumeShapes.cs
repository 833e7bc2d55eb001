using System.Globalization;
using Skep.Aws.Protocol;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>EBS' bounds of size and performance as EC2 words them, for every operation that makes or changes volumes.</summary>
internal static class VolumeShapes
{
    /// <summary>A checked shape, with the defaults of its type.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, InvalidParameterCombination, MissingParameter, UnknownVolumeType.</exception>
    public static VolumeShape Make(string typeName, long sizeGib, int? iops, int? throughput)
    {
        var type = VolumeType.Find(typeName)
            ?? throw new AwsException("UnknownVolumeType", 400, $"Unsupported volume type '{typeName}' for volume creation.");
        CheckSize(type, sizeGib);
        CheckIops(type, sizeGib, iops);
        CheckThroughput(type, iops ?? type.IopsOf(sizeGib) ?? 0, throughput);
        return new VolumeShape
        {
            VolumeType = type.Name,
            SizeGib = sizeGib,
            Iops = iops ?? (type.IopsMax > 0 ? type.IopsOf(sizeGib) : null),
            Throughput = throughput ?? type.DefaultThroughput,
        };
    }

    /// <summary>Writes a shape into a volume.</summary>
    public static void Apply(this VolumeShape shape, VolumeSpec spec)
    {
        spec.SizeGib = shape.SizeGib;
        spec.VolumeType = shape.VolumeType;
        spec.Iops = shape.Iops;
        spec.Throughput = shape.Throughput;
    }

    /// <summary>The operations per second that EC2 shows: chosen ones, or gp2's baseline.</summary>
    public static int? ShownIops(VolumeShape shape) => shape.Iops ?? VolumeType.Find(shape.VolumeType)?.IopsOf(shape.SizeGib);

    private static void CheckSize(VolumeType type, long sizeGib)
    {
        if (sizeGib < type.SizeMin)
            throw Invalid($"Volume of {sizeGib}GiB is too small for volume type {type.Name}; minimum is {type.SizeMin}GiB.");
        if (sizeGib > type.SizeMax)
            throw Invalid($"Volume of {sizeGib}GiB is too large for volume type {type.Name}; maximum is {type.SizeMax}GiB.");
    }

    private static void CheckIops(VolumeType type, long sizeGib, int? asked)
    {
        if (asked is not { } iops)
        {
            if (type.IsIopsRequired)
                throw new AwsException("MissingParameter", 400, $"The parameter iops must be specified for {type.Name} volumes.");
            return;
        }

        if (type.IopsMax == 0)
            throw Ec2Errors.InvalidCombination($"The parameter iops is not supported for {type.Name} volumes.");
        if (iops < type.IopsMin)
            throw Invalid($"Volume iops of {iops} is too low; minimum is {type.IopsMin}.");
        if (iops > type.IopsMax)
            throw Invalid($"Volume iops of {iops} is too high; maximum is {type.IopsMax}.");
        if (iops > type.IopsMin && iops > sizeGib * type.IopsPerGib)
            throw Invalid($"Iops to volume size ratio of {Ratio((double)iops / sizeGib)} is too high; maximum is {type.IopsPerGib}.");
    }

    private static void CheckThroughput(VolumeType type, int iops, int? asked)
    {
        if (asked is not { } throughput)
            return;
        if (type.ThroughputMax == 0)
            throw Ec2Errors.InvalidCombination($"The parameter throughput is not supported for {type.Name} volumes.");
        if (throughput < type.ThroughputMin)
            throw Invalid($"Volume throughput of {throughput} is too low; minimum is {type.ThroughputMin}.");
        if (throughput > type.ThroughputMax)
            throw Invalid($"Volume throughput of {throughput} is too high; maximum is {type.ThroughputMax}.");
        if (throughput * VolumeType.Gp3IopsPerMibps > iops)
            throw Invalid($"Throughput (MiBps) to iops ratio of {Ratio((double)throughput / iops)} is too high; maximum is {Ratio(1.0 / VolumeType.Gp3IopsPerMibps)} MiBps per iops.");
    }

    private static string Ratio(double value) => value.ToString("F6", CultureInfo.InvariantCulture);

    private static AwsException Invalid(string message) => new("InvalidParameterValue", 400, message);
}

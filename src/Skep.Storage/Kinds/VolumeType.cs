namespace Skep.Storage.Kinds;

/// <summary>
/// A type of volume with EBS' bounds of size and performance (EBS user guide, "Amazon EBS volume types"). Sizes are in
/// GiB, throughput is in MiB/s.
/// </summary>
public sealed record VolumeType
{
    /// <summary>Operations per second for each MiB/s that a gp3 volume may have.</summary>
    public const int Gp3IopsPerMibps = 4;

    private const int BurstIops = 3_000;

    /// <summary>All of them, in EBS' order.</summary>
    public static IReadOnlyList<VolumeType> All { get; } =
    [
        new() { Name = "gp2", SizeMin = 1, SizeMax = 16_384 },
        new() { Name = "gp3", SizeMin = 1, SizeMax = 16_384, IopsMin = 3_000, IopsMax = 16_000, IopsPerGib = 500, ThroughputMin = 125, ThroughputMax = 1_000 },
        new() { Name = "io1", SizeMin = 4, SizeMax = 16_384, IopsMin = 100, IopsMax = 64_000, IopsPerGib = 50, IsIopsRequired = true },
        new() { Name = "io2", SizeMin = 4, SizeMax = 65_536, IopsMin = 100, IopsMax = 256_000, IopsPerGib = 1_000, IsIopsRequired = true },
        new() { Name = "st1", SizeMin = 125, SizeMax = 16_384, IsHardDisk = true },
        new() { Name = "sc1", SizeMin = 125, SizeMax = 16_384, IsHardDisk = true },
        new() { Name = "standard", SizeMin = 1, SizeMax = 1_024, IsHardDisk = true },
    ];

    /// <summary>For example gp3.</summary>
    public required string Name { get; init; }

    /// <summary>Smallest volume.</summary>
    public required int SizeMin { get; init; }

    /// <summary>Largest volume.</summary>
    public required int SizeMax { get; init; }

    /// <summary>Fewest operations per second that can be chosen.</summary>
    public int IopsMin { get; init; }

    /// <summary>Most operations per second that can be chosen; 0 when they cannot.</summary>
    public int IopsMax { get; init; }

    /// <summary>Operations per second that each GiB allows.</summary>
    public int IopsPerGib { get; init; }

    /// <summary>Whether operations per second must be chosen.</summary>
    public bool IsIopsRequired { get; init; }

    /// <summary>Least throughput that can be chosen.</summary>
    public int ThroughputMin { get; init; }

    /// <summary>Most throughput that can be chosen; 0 when it cannot.</summary>
    public int ThroughputMax { get; init; }

    /// <summary>Whether EBS backs the type with spinning disks.</summary>
    public bool IsHardDisk { get; init; }

    /// <summary>A type by its name, or null.</summary>
    public static VolumeType? Find(string name) => All.FirstOrDefault(t => t.Name == name);

    /// <summary>Operations per second that a volume of a size sustains when none are chosen; null where EBS names none.</summary>
    public int? IopsOf(long sizeGib) => Name switch
    {
        "gp2" => (int)Math.Clamp(sizeGib * 3, 100, 16_000),
        "gp3" => IopsMin,
        _ => null,
    };

    /// <summary>Throughput that a volume gets when none is chosen; null where it cannot be.</summary>
    public int? DefaultThroughput => ThroughputMax > 0 ? ThroughputMin : null;

    /// <summary>What a volume of this type may do.</summary>
    /// <param name="sizeGib">Its size.</param>
    /// <param name="iops">Operations per second as chosen.</param>
    /// <param name="throughput">Throughput as chosen.</param>
    public VolumeLimits LimitsOf(long sizeGib, int? iops, int? throughput)
    {
        const long KiB = 1L << 10;
        const long MiB = 1L << 20;
        const long OperationOfSsd = 256 * KiB;
        const long OperationOfHardDisk = 1 * MiB;
        switch (Name)
        {
            case "gp2":
            {
                const int Credits = 5_400_000;
                const int SmallGib = 170;
                var baseline = IopsOf(sizeGib)!.Value;
                var limits = new VolumeLimits { Iops = baseline, BytesPerSecond = (sizeGib <= SmallGib ? 128 : 250) * MiB, OperationBytes = OperationOfSsd };
                if (baseline < BurstIops)
                    (limits.IopsBurst, limits.IopsBurstSeconds) = (BurstIops, Credits / (BurstIops - baseline));
                return limits;
            }

            case "st1":
                return HardDisk(sizeGib, perTib: 40, burstPerTib: 250, max: 500, iops: 500);
            case "sc1":
                return HardDisk(sizeGib, perTib: 12, burstPerTib: 80, max: 250, iops: 250);
            case "io1":
                return new() { Iops = iops ?? IopsMin, BytesPerSecond = Math.Max(Math.Min((iops ?? IopsMin) * OperationOfSsd, 500 * MiB), (iops ?? IopsMin) * 16 * KiB), OperationBytes = OperationOfSsd };
            case "io2":
                return new() { Iops = iops ?? IopsMin, BytesPerSecond = Math.Min((iops ?? IopsMin) * OperationOfSsd, 4_000 * MiB), OperationBytes = OperationOfSsd };
            case "standard":
                return new() { Iops = 200, BytesPerSecond = 90 * MiB, OperationBytes = OperationOfSsd };
            default:
                return new() { Iops = iops ?? IopsMin, BytesPerSecond = (throughput ?? ThroughputMin) * MiB, OperationBytes = OperationOfSsd };
        }

        // A hard disk's bucket holds one byte of credit for each byte of the volume.
        VolumeLimits HardDisk(long gib, int perTib, int burstPerTib, int max, int iops)
        {
            const long GibPerTib = 1_024;
            var baseline = Math.Min(gib * perTib * MiB / GibPerTib, max * MiB);
            var burst = Math.Min(gib * burstPerTib * MiB / GibPerTib, max * MiB);
            var limits = new VolumeLimits { Iops = iops, BytesPerSecond = baseline, OperationBytes = OperationOfHardDisk };
            if (burst > baseline)
                (limits.BytesBurst, limits.BytesBurstSeconds) = (burst, (gib << 30) / (burst - baseline));
            return limits;
        }
    }
}

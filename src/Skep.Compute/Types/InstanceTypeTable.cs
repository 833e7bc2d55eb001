namespace Skep.Compute.Types;

/// <summary>The instance types there are from the start; sizes as EC2 publishes them.</summary>
public static class InstanceTypeTable
{
    /// <summary>One row: name, virtual processors, memory in MiB, whether it works on CPU credits.</summary>
    public sealed record Row(string Name, int VCpus, long MemoryMib, bool IsBurstable);

    /// <summary>All rows: t3 from nano to 2xlarge; m5, c5 and r5 from large to 4xlarge.</summary>
    public static IReadOnlyList<Row> Rows { get; } =
    [
        new("t3.nano", 2, 512, true),
        new("t3.micro", 2, 1024, true),
        new("t3.small", 2, 2048, true),
        new("t3.medium", 2, 4096, true),
        new("t3.large", 2, 8192, true),
        new("t3.xlarge", 4, 16384, true),
        new("t3.2xlarge", 8, 32768, true),
        .. Family("m5", mibPerCpu: 4096),
        .. Family("c5", mibPerCpu: 2048),
        .. Family("r5", mibPerCpu: 8192),
    ];

    private static IEnumerable<Row> Family(string family, long mibPerCpu)
    {
        foreach (var (size, cpus) in ((string, int)[])[("large", 2), ("xlarge", 4), ("2xlarge", 8), ("4xlarge", 16)])
            yield return new Row($"{family}.{size}", cpus, cpus * mibPerCpu, IsBurstable: false);
    }
}

using System.Globalization;
using Skep.Core.Resources;

namespace Skep.Scheduling;

/// <summary>What a node has and what of it is taken.</summary>
internal sealed class NodeCapacity
{
    /// <summary>
    /// Virtual processors a node gives out for each of its own: most guests idle most of the time. Memory is never given
    /// out twice.
    /// </summary>
    public const int CpuOvercommit = 16;

    private const long BytesPerMib = 1024 * 1024;

    public NodeCapacity(Node node)
    {
        Name = node.Metadata.Name;
        var allocatable = node.Status?.Allocatable;
        MemoryMib = Parse(allocatable?.Memory) / BytesPerMib;
        Cpus = (int)Math.Min(int.MaxValue, Parse(allocatable?.Cpu));
        OverheadMib = Overhead(node.Status?.NodeInfo?.Acceleration);
        IsUsable = node.Spec.Unschedulable is not true
            && node.Metadata.DeletionTimestamp is null
            && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;
    }

    public string Name { get; }

    /// <summary>Memory for instances and their overhead.</summary>
    public long MemoryMib { get; }

    public int Cpus { get; }

    /// <summary>Memory that each machine costs beyond what its guest sees.</summary>
    public long OverheadMib { get; }

    /// <summary>Ready, and not closed to new instances.</summary>
    public bool IsUsable { get; }

    public long TakenMib { get; private set; }
    public long TakenVCpus { get; private set; }
    public long FreeMib => MemoryMib - TakenMib;
    public long VCpus => (long)Cpus * CpuOvercommit;

    public bool CouldHold(InstanceTypeSpecView type) => type.MemoryMib + OverheadMib <= MemoryMib && type.VCpus <= VCpus;

    public bool Fits(InstanceTypeSpecView type) => type.MemoryMib + OverheadMib <= FreeMib && TakenVCpus + type.VCpus <= VCpus;

    public void Take(long memoryMib, int vCpus)
    {
        TakenMib += memoryMib;
        TakenVCpus += vCpus;
    }

    private static long Parse(string? quantity) =>
        long.TryParse(quantity, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;

    /// <summary>
    /// What a machine's process needs on top: emulation keeps translated code. The node's agent holds to the same
    /// figures (its MachineOverhead).
    /// </summary>
    private static long Overhead(string? acceleration) => acceleration switch
    {
        "simulated" => 0,
        "kvm" => 64,
        _ => 320,
    };
}

using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>A size of instance, for example t3.micro; cluster-scoped, made from the built-in table at start.</summary>
public sealed class InstanceType : ResourceObject
{
    public InstanceTypeSpec Spec { get; set; } = new();
}

/// <summary>What an instance of a type gets.</summary>
public sealed class InstanceTypeSpec : OpenObject
{
    [Description("Virtual CPUs.")]
    public int VCpus { get; set; }

    [Description("Memory in MiB.")]
    public long MemoryMib { get; set; }

    [Description("CPU credits instead of whole cores (t3).")]
    public bool Burstable { get; set; }
}

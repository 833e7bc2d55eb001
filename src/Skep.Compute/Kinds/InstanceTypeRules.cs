using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>What an InstanceType's document must keep to.</summary>
internal static class InstanceTypeRules
{
    private const int VCpusMax = 255; // what QEMU's q35 takes without an IOMMU
    private const long MemoryMinMib = 64;

    /// <summary>The problems of a document.</summary>
    public static IEnumerable<FieldError> Validate(InstanceType type)
    {
        if (type.Spec.VCpus is < 1 or > VCpusMax)
            yield return new FieldError("spec.vCpus", FieldErrorReason.Invalid, $"{type.Spec.VCpus} is not between 1 and {VCpusMax}");
        if (type.Spec.MemoryMib < MemoryMinMib)
            yield return new FieldError("spec.memoryMib", FieldErrorReason.Invalid, $"{type.Spec.MemoryMib} is less than {MemoryMinMib}");
    }
}

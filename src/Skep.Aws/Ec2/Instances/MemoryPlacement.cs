using System.Globalization;
using Skep.Aws.Dispatch;
using Skep.Core.Resources;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2.Instances;

/// <summary>
/// Places instances where their memory fits, the emptiest node first. The nodes chosen are part of the transaction's
/// conditions only through their instances, so two launches at the same moment may both count on the last place.
/// </summary>
internal sealed class MemoryPlacement : IInstancePlacement
{
    private const long BytesPerMib = 1L << 20;

    /// <inheritdoc/>
    public IReadOnlyList<string> Place(AwsCall call, InstanceTypeResource type, int count)
    {
        var free = Free(call);
        var chosen = new List<string>();
        while (chosen.Count < count && free.Count > 0)
        {
            var (node, mib) = free.MaxBy(f => f.Value);
            if (mib < type.Spec.MemoryMib)
                break;
            free[node] -= type.Spec.MemoryMib;
            chosen.Add(node);
        }

        return chosen;
    }

    /// <inheritdoc/>
    public InstanceResource? FirstThatDoesNotFit(AwsCall call, IReadOnlyList<InstanceResource> starting)
    {
        var free = Free(call);
        foreach (var instance in starting)
        {
            if (instance.Spec.NodeName is not { } node || !free.TryGetValue(node, out var mib) || mib < Memory(call, instance))
                return instance;
            free[node] = mib - Memory(call, instance);
        }

        return null;
    }

    private static long Memory(AwsCall call, InstanceResource instance) =>
        call.View.Get(ComputeKinds.InstanceType, "", instance.Spec.InstanceType)?.Spec.MemoryMib ?? 0;

    /// <summary>Free memory by node, in MiB.</summary>
    private static Dictionary<string, long> Free(AwsCall call)
    {
        var free = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var node in call.View.List(CoreKinds.Node, ns: null))
        {
            if (node.Status?.Phase is "Ready" && node.Spec.Unschedulable is not true
                && long.TryParse(node.Status.Allocatable?.Memory, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes))
                free[node.Metadata.Name] = bytes / BytesPerMib;
        }

        foreach (var instance in call.View.List(ComputeKinds.Instance, ns: null))
        {
            if (instance.Spec.NodeName is { } node && free.ContainsKey(node) && InstanceStates.Of(instance) is not (States.Stopped or States.Terminated))
                free[node] -= Memory(call, instance);
        }

        return free;
    }
}

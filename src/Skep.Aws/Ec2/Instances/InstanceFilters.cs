using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Filters of DescribeInstances whose values are not members of an instance of the same name.</summary>
internal static class InstanceFilters
{
    public static IReadOnlyDictionary<string, FilterRule<Instance>> Rules { get; } = new Dictionary<string, FilterRule<Instance>>(StringComparer.Ordinal)
    {
        ["reservation-id"] = (i, call) => [call.Find(ComputeKinds.Instance, i.InstanceId!)?.Spec.ReservationId],
        ["owner-id"] = (_, call) => [call.AccountId],
    };
}

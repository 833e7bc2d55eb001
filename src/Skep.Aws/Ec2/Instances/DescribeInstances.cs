using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists instances, in the reservations they were launched in.</summary>
internal sealed class DescribeInstances : DescribeOperation<DescribeInstancesRequest, DescribeInstancesResult, Instance>
{
    /// <inheritdoc/>
    protected override bool IdsExcludePaging => true;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Instance>> FilterOverrides { get; } = InstanceFilters.Rules;

    /// <inheritdoc/>
    protected override IEnumerable<Instance> Items(DescribeInstancesRequest request, AwsCall call, string? after)
    {
        var mapper = new InstanceMapper(call);
        return Selection.Of(call, ComputeKinds.Instance, request.InstanceIds, after, Ec2Errors.InstanceNotFound).Select(i => mapper.Map(i));
    }

    /// <inheritdoc/>
    protected override string KeyOf(Instance item) => item.InstanceId!;

    /// <inheritdoc/>
    protected override DescribeInstancesResult Respond(List<Instance> items, AwsCall call) => new()
    {
        Reservations = InstanceMapper.Reservations(
            call, items.Select(i => (i, InstanceMapper.ReservationOf(call.Find(ComputeKinds.Instance, i.InstanceId!)!)))),
    };
}

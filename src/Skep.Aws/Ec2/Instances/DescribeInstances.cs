using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists instances, in the reservations they were launched in.</summary>
internal sealed class DescribeInstances : DescribeOperation<DescribeInstancesRequest, DescribeInstancesResult, Instance>
{
    private readonly WrittenInstances _written = new();

    /// <inheritdoc/>
    protected override bool IdsExcludePaging => true;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Instance>> FilterOverrides { get; } = InstanceFilters.Rules;

    /// <inheritdoc/>
    protected override IEnumerable<Instance> Items(DescribeInstancesRequest request, AwsCall call, string? after)
    {
        var mapper = new InstanceMapper(call);
        var instances = Selection.Of(call, ComputeKinds.Instance, request.InstanceIds, after, Ec2Errors.InstanceNotFound);
        // Filters look into instances; without them it is enough to know what is written.
        if (request.Filters is { Count: > 0 })
            return instances.Select(i => mapper.Map(i));
        var page = _written.Begin(call, mapper);
        return instances.Select(page.Get);
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

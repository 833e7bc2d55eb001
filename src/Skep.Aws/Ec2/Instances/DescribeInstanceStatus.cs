using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Shows whether instances pass their checks. The system's is about the machine; the instance's passes when the guest has
/// fetched its metadata, the first thing that a guest with a working network does.
/// </summary>
internal sealed class DescribeInstanceStatus : DescribeOperation<DescribeInstanceStatusRequest, DescribeInstanceStatusResult, InstanceStatus>
{
    /// <summary>How long a guest may take before nothing is known of it.</summary>
    private static readonly TimeSpan _bootTime = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    protected override bool IdsExcludePaging => true;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<InstanceStatus>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<InstanceStatus>>(StringComparer.Ordinal)
        {
            ["instance-state-code"] = (s, _) => [$"{s.InstanceState?.Code}"],
            ["instance-state-name"] = (s, _) => [s.InstanceState?.Name],
            ["instance-status.status"] = (s, _) => [s.InstanceStatusValue?.Status],
            ["instance-status.reachability"] = (s, _) => Details(s.InstanceStatusValue),
            ["system-status.status"] = (s, _) => [s.SystemStatus?.Status],
            ["system-status.reachability"] = (s, _) => Details(s.SystemStatus),
            ["attached-ebs-status.status"] = (s, _) => [s.AttachedEbsStatus?.Status],
        };

    /// <inheritdoc/>
    protected override IEnumerable<InstanceStatus> Items(DescribeInstanceStatusRequest request, AwsCall call, string? after) =>
        Selection.Of(call, ComputeKinds.Instance, request.InstanceIds, after, Ec2Errors.InstanceNotFound)
            .Where(i => request.IncludeAllInstances is true || InstanceStates.Of(i) is States.Running)
            .Select(i => Status(i, call));

    /// <inheritdoc/>
    protected override string KeyOf(InstanceStatus item) => item.InstanceId!;

    /// <inheritdoc/>
    protected override DescribeInstanceStatusResult Respond(List<InstanceStatus> items, AwsCall call) => new() { InstanceStatuses = items };

    private static IEnumerable<string?> Details(InstanceStatusSummary? summary) => summary?.Details?.Select(d => d.Status) ?? [];

    private static InstanceStatus Status(InstanceResource instance, AwsCall call)
    {
        var state = InstanceStates.Of(instance);
        var isRunning = state is States.Running;
        return new InstanceStatus
        {
            InstanceId = instance.Metadata.Name,
            AvailabilityZone = instance.Spec.AvailabilityZone,
            AvailabilityZoneId = Regions.RegionCatalog.ZoneId(instance.Spec.AvailabilityZone),
            InstanceState = InstanceStates.ToWire(state),
            SystemStatus = Summary(isRunning ? "ok" : "not-applicable"),
            InstanceStatusValue = Summary(isRunning ? Guest(instance, call) : "not-applicable"),
            AttachedEbsStatus = new EbsStatusSummary
            {
                Status = isRunning ? "ok" : "not-applicable",
                Details = isRunning ? [new EbsStatusDetails { Name = "reachability", Status = "passed" }] : null,
            },
            Events = [],
        };
    }

    private static string Guest(InstanceResource instance, AwsCall call)
    {
        var status = instance.Status!;
        if (status.GuestReachableTime is not null || status.Acceleration is "simulated")
            return "ok";
        return call.Now - (status.LaunchTime ?? call.Now) < _bootTime ? "initializing" : "insufficient-data";
    }

    private static InstanceStatusSummary Summary(string status) => new()
    {
        Status = status,
        Details = status is "not-applicable" ? null : [new InstanceStatusDetails { Name = "reachability", Status = status is "ok" ? "passed" : status }],
    };
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Networking.Controllers;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Launches instances: all resources of all instances in one transaction. As many as fit are launched, but not fewer
/// than MinCount. Those who run them take it from there; the answer says "pending".
/// </summary>
internal sealed class RunInstances(RegionDefaults network, InstanceCapacity capacity) : AwsOperation<RunInstancesRequest, Reservation>
{
    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(RunInstancesRequest request, AwsCall call, CancellationToken ct) =>
        await network.EnsureAsync(call.Namespace, call.Region, ct);

    /// <inheritdoc/>
    protected override ValueTask<Reservation> HandleAsync(RunInstancesRequest request, AwsCall call, CancellationToken ct)
    {
        var plan = LaunchPlan.Make(request, call);
        var launcher = new Launcher(plan, call);
        var mapper = new InstanceMapper(call);
        var instances = capacity.Place(call, plan).Select((placed, index) =>
        {
            var (instance, parts) = launcher.Launch(placed.Id, placed.Node, index);
            return (mapper.Map(instance, parts), plan.ReservationId);
        });
        return new(InstanceMapper.Reservations(call, instances)[0]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Subjects(Structure response) =>
        [.. ((Reservation)response).Instances!.Select(i => i.InstanceId!)];

    /// <inheritdoc/>
    public override void CheckReplay(IReadOnlyList<string> subjects, AwsCall call)
    {
        foreach (var id in subjects)
        {
            if (call.Find(ComputeKinds.Instance, id) is not { } instance || InstanceStates.Of(instance) is States.Terminated)
                throw Ec2Errors.InstanceTerminatedForToken(id);
        }
    }
}

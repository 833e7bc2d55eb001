using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Scheduling;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Finds room for instances and holds it until their request is committed or given up.</summary>
internal sealed class InstanceCapacity(Placement placement)
{
    /// <summary>New instances, each with an id and a node: as many of the plan's as fit, not fewer than its minimum.</summary>
    /// <exception cref="AwsException">InsufficientInstanceCapacity.</exception>
    public IReadOnlyList<(string Id, string Node)> Place(AwsCall call, LaunchPlan plan)
    {
        var type = plan.Type.Metadata.Name;
        List<PlacementRequest> requests =
            [.. Enumerable.Range(0, plan.Count.Max).Select(_ => new PlacementRequest(ComputeKinds.Instance.Key(call.Namespace, call.Ids.NewAwsId("i")), type, NodeName: null))];
        if (!placement.TryPlace(call.View, requests, out var reservation, out var problem))
        {
            if (problem.Placed < plan.Count.Min)
                throw Ec2Errors.NoCapacity(type, plan.Subnet.Spec.AvailabilityZone, problem.Message);
            requests = requests[..problem.Placed];
            if (!placement.TryPlace(call.View, requests, out reservation, out problem))
                throw Ec2Errors.NoCapacity(type, plan.Subnet.Spec.AvailabilityZone, problem.Message);
        }

        call.Hold(reservation, reservation.Confirm);
        return [.. requests.Select(r => (r.Instance.Name, reservation.NodeNames[r.Instance]))];
    }

    /// <summary>Holds room for stopped instances on the nodes where their disks are.</summary>
    /// <exception cref="AwsException">InsufficientInstanceCapacity.</exception>
    public void Require(AwsCall call, IReadOnlyList<InstanceResource> starting)
    {
        // One that no node was chosen for yet is the scheduler's to place.
        List<PlacementRequest> requests =
        [
            .. starting
                .Where(i => i.Spec.NodeName is not null)
                .Select(i => new PlacementRequest(ComputeKinds.Instance.Key(call.Namespace, i.Metadata.Name), i.Spec.InstanceType, i.Spec.NodeName)),
        ];
        if (requests.Count == 0)
            return;
        if (!placement.TryPlace(call.View, requests, out var reservation, out var problem))
            throw Ec2Errors.NoCapacity(starting[0].Spec.InstanceType, starting[0].Spec.AvailabilityZone, problem.Message);
        call.Hold(reservation, reservation.Confirm);
    }
}

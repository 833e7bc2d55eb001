using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Compute.Kinds;
using Skep.Core.Store;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>Starts stopped instances. One that runs already is left alone.</summary>
internal sealed class StartInstances(InstanceCapacity capacity) : AwsOperation<StartInstancesRequest, StartInstancesResult>
{
    /// <inheritdoc/>
    protected override ValueTask<StartInstancesResult> HandleAsync(StartInstancesRequest request, AwsCall call, CancellationToken ct)
    {
        var changes = new List<InstanceStateChange>();
        var starting = new List<InstanceResource>();
        foreach (var instance in InstanceSelection.ForChange(call, request.InstanceIds))
        {
            var id = instance.Metadata.Name;
            var before = InstanceStates.Of(instance);
            if (before is States.Running or States.Pending)
            {
                changes.Add(InstanceStates.Change(id, before, before));
                continue;
            }

            if (before is not States.Stopped)
                throw Ec2Errors.IncorrectInstanceState(id, "started");
            if (instance.Spec.BlockDevices.Count > 0 && !instance.Spec.BlockDevices.Exists(d => d.DeviceName == instance.Spec.RootDeviceName))
                throw Ec2Errors.IncorrectState($"Invalid value '{id}' for instanceId. Instance does not have a volume attached at root ({instance.Spec.RootDeviceName})");
            instance.Spec.RunState = InstanceRunState.Running;
            instance.Status ??= new Compute.Kinds.InstanceStatus();
            instance.Status.State = States.Pending;
            instance.Status.LaunchTime = call.Now;
            instance.Status.StateReason = null;
            instance.Status.StateTransitionReason = null;
            instance.Status.GuestReachableTime = null;
            starting.Add(instance);
            changes.Add(InstanceStates.Change(id, before, States.Pending));
        }

        // A stopped instance holds no memory, so there may be none for it now.
        capacity.Require(call, starting);
        foreach (var instance in starting)
            call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.All);
        return new(new StartInstancesResult { StartingInstances = changes });
    }
}

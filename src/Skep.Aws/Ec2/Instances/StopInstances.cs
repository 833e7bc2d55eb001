using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;
using Skep.Core.Store;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Stops running instances: asks the guest to power down and ends it after a deadline. Force changes nothing, since no
/// stop waits for ever.
/// </summary>
internal sealed class StopInstances : AwsOperation<StopInstancesRequest, StopInstancesResult>
{
    /// <inheritdoc/>
    protected override ValueTask<StopInstancesResult> HandleAsync(StopInstancesRequest request, AwsCall call, CancellationToken ct)
    {
        if (request.Hibernate is true)
            throw new AwsException("UnsupportedHibernationConfiguration", 400, "The instance is not configured for hibernation.");
        var changes = new List<InstanceStateChange>();
        foreach (var instance in InstanceSelection.ForChange(call, request.InstanceIds))
        {
            var id = instance.Metadata.Name;
            var before = InstanceStates.Of(instance);
            if (before is States.Stopped or States.Stopping)
            {
                changes.Add(InstanceStates.Change(id, before, before));
                continue;
            }

            if (before is not States.Running)
                throw Ec2Errors.IncorrectInstanceState(id, "stopped");
            if (instance.Spec.DisableApiStop)
                throw Ec2Errors.InstanceProtected(id, "disableApiStop", "stopped");
            instance.Spec.RunState = InstanceRunState.Stopped;
            instance.Status!.State = States.Stopping;
            instance.Status.StateTransitionReason = InstanceStates.UserInitiated(call.Now);
            instance.Status.StateReason = InstanceStates.ShutdownByUser();
            call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.All);
            changes.Add(InstanceStates.Change(id, before, States.Stopping));
        }

        return new(new StopInstancesResult { StoppingInstances = changes });
    }
}

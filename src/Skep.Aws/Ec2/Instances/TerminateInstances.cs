using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Compute.Kinds;
using Skep.Core.Store;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>Ends instances for good. All or none: a protected instance refuses the whole request.</summary>
internal sealed class TerminateInstances : AwsOperation<TerminateInstancesRequest, TerminateInstancesResult>
{
    /// <inheritdoc/>
    protected override ValueTask<TerminateInstancesResult> HandleAsync(TerminateInstancesRequest request, AwsCall call, CancellationToken ct)
    {
        var changes = new List<InstanceStateChange>();
        foreach (var instance in InstanceSelection.ForChange(call, request.InstanceIds))
        {
            var id = instance.Metadata.Name;
            var before = InstanceStates.Of(instance);
            if (before is States.Terminated or States.ShuttingDown)
            {
                changes.Add(InstanceStates.Change(id, before, before));
                continue;
            }

            if (instance.Spec.DisableApiTermination)
                throw Ec2Errors.InstanceProtected(id, "disableApiTermination", "terminated");
            instance.Spec.RunState = InstanceRunState.Terminated;
            instance.Status ??= new Compute.Kinds.InstanceStatus();
            instance.Status.State = States.ShuttingDown;
            instance.Status.StateTransitionReason = InstanceStates.UserInitiated(call.Now);
            instance.Status.StateReason = InstanceStates.ShutdownByUser();
            call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.All);
            changes.Add(InstanceStates.Change(id, before, States.ShuttingDown));
        }

        return new(new TerminateInstancesResult { TerminatingInstances = changes });
    }
}

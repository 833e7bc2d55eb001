using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Core.Store;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>Asks for a reboot of running instances; their state stays "running".</summary>
internal sealed class RebootInstances : AwsAction<RebootInstancesRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(RebootInstancesRequest request, AwsCall call, CancellationToken ct)
    {
        foreach (var instance in InstanceSelection.ForChange(call, request.InstanceIds))
        {
            if (InstanceStates.Of(instance) is not States.Running)
                throw Ec2Errors.IncorrectInstanceState(instance.Metadata.Name, "rebooted");
            instance.Spec.Reboots++;
            call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.All);
        }

        return ValueTask.CompletedTask;
    }
}

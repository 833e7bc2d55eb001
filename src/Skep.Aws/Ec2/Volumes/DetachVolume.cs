using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;
using Skep.Core.Store;
using Skep.Storage.Kinds;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Detaches a volume. A running guest must let go of it; with Force the disk is taken away after a while in any case. A
/// stopped instance gives it back at once.
/// </summary>
internal sealed class DetachVolume : AwsOperation<DetachVolumeRequest, Model.VolumeAttachment>
{
    /// <inheritdoc/>
    protected override ValueTask<Model.VolumeAttachment> HandleAsync(DetachVolumeRequest request, AwsCall call, CancellationToken ct)
    {
        var volume = VolumeSelection.ForChange(call, request.VolumeId);
        if (volume.Spec.Attachment is not { } attachment)
            throw Ec2Errors.IncorrectState($"Volume '{request.VolumeId}' is in the '{VolumeMapper.StateOf(volume)}' state.");
        CheckNamed(request, attachment, call);
        call.Subjects.Add(attachment.InstanceId);
        var instance = call.Edit(ComputeKinds.Instance, attachment.InstanceId);
        var state = instance is null ? States.Terminated : InstanceStates.Of(instance);
        var answer = VolumeMapper.Attachment(volume, call);
        answer.State = DiskState.Detaching;
        if (state is States.Stopped or States.Terminated)
        {
            volume.Spec.Attachment = null;
            volume.Status!.State = Storage.Kinds.VolumeState.Available;
            if (instance?.Spec.BlockDevices.RemoveAll(d => d.VolumeId == request.VolumeId) > 0)
                call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.Main);
        }
        else if (instance!.Spec.BlockDevices.Exists(d => d.VolumeId == request.VolumeId && d.DeviceName == instance.Spec.RootDeviceName))
        {
            throw new AwsException("OperationNotPermitted", 400, $"Unable to detach root volume '{request.VolumeId}' from instance '{attachment.InstanceId}'");
        }
        else
        {
            attachment.Detach = request.Force is true || attachment.Detach is VolumeDetach.Forced ? VolumeDetach.Forced : VolumeDetach.Requested;
            attachment.DetachTime ??= call.Now;
        }

        call.Transaction.Update(StorageKinds.Volume, volume, WriteScope.All);
        return new(answer);
    }

    private static void CheckNamed(DetachVolumeRequest request, Storage.Kinds.VolumeAttachment attachment, AwsCall call)
    {
        if (request.InstanceId is { } id && id != attachment.InstanceId)
        {
            if (call.Find(ComputeKinds.Instance, id) is null)
                throw Ec2Errors.InstanceNotFound(id);
            throw Ec2Errors.AttachmentNotFound($"The volume '{request.VolumeId}' is not attached to instance '{id}'.");
        }

        if (request.Device is { } device && !DeviceNames.AreSame(device, attachment.Device))
            throw Ec2Errors.AttachmentNotFound($"The volume '{request.VolumeId}' is not attached to instance '{attachment.InstanceId}' as device '{device}'.");
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;
using Skep.Compute.Kinds;
using Skep.Core.Store;
using States = Skep.Compute.Kinds.InstanceState;
using VolumeStates = Skep.Storage.Kinds.VolumeState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Attaches a volume. A running guest gets it plugged in, a stopped one finds it at its next start; where EC2 refuses one
/// that is still pending, it gets the disk as soon as it runs.
/// </summary>
internal sealed class AttachVolume : AwsOperation<AttachVolumeRequest, VolumeAttachment>
{
    /// <summary>Attachments of one instance (EC2 user guide, "Instance volume limits").</summary>
    private const int AttachmentsMax = 28;

    /// <inheritdoc/>
    protected override ValueTask<VolumeAttachment> HandleAsync(AttachVolumeRequest request, AwsCall call, CancellationToken ct)
    {
        var volume = VolumeSelection.ForChange(call, request.VolumeId);
        var instance = InstanceSelection.ForChange(call, [request.InstanceId])[0];
        if (request.EbsCardIndex is not (null or 0))
            throw Ec2Errors.InvalidValue("EbsCardIndex", $"{request.EbsCardIndex}", "instances have one EBS card, 0");
        CheckVolume(volume, instance);
        CheckInstance(instance, request);
        volume.Spec.Attachment = new Storage.Kinds.VolumeAttachment { InstanceId = request.InstanceId, Device = request.Device, AttachTime = call.Now };
        volume.Spec.NodeName ??= instance.Spec.NodeName;
        volume.Status!.State = VolumeStates.InUse;
        call.Transaction.Update(StorageKinds.Volume, volume, WriteScope.All);
        instance.Spec.BlockDevices.Add(new InstanceBlockDevice { DeviceName = request.Device, VolumeId = request.VolumeId, DeleteOnTermination = false });
        call.Transaction.Update(ComputeKinds.Instance, instance, WriteScope.Main);
        var answer = VolumeMapper.Attachment(volume, call);
        answer.State = DiskState.Attaching;
        return new(answer);
    }

    private static void CheckVolume(VolumeResource volume, InstanceResource instance)
    {
        var id = volume.Metadata.Name;
        if (volume.Spec.Attachment is not null)
            throw Ec2Errors.VolumeInUse($"{id} is already attached to an instance");
        if (VolumeMapper.StateOf(volume) is not VolumeStates.Available)
            throw Ec2Errors.IncorrectState($"The volume '{id}' is not 'available'.");
        if (volume.Spec.AvailabilityZone != instance.Spec.AvailabilityZone)
            throw new AwsException("InvalidVolume.ZoneMismatch", 400, $"The volume '{id}' is not in the same availability zone as instance '{instance.Metadata.Name}'");
        if (volume.Spec.NodeName is { } here && instance.Spec.NodeName is { } there && here != there)
            throw Ec2Errors.Unsupported($"attaching a volume on node {here} to an instance on node {there}");
    }

    private static void CheckInstance(InstanceResource instance, AttachVolumeRequest request)
    {
        if (InstanceStates.Of(instance) is not (States.Running or States.Stopped or States.Pending) || instance.Spec.RunState is InstanceRunState.Terminated)
            throw Ec2Errors.IncorrectState($"Instance '{request.InstanceId}' is not 'running'.");
        if (!DeviceNames.IsValid(request.Device))
            throw Ec2Errors.InvalidValue("device", request.Device, $"{request.Device} is not a valid EBS device name");
        if (instance.Spec.BlockDevices.Exists(d => DeviceNames.AreSame(d.DeviceName, request.Device)))
            throw new AwsException("InvalidParameterValue", 400, $"Invalid value '{request.Device}' for unixDevice. Attachment point {request.Device} is already in use");
        if (instance.Spec.BlockDevices.Count + instance.Spec.NetworkInterfaces.Count >= AttachmentsMax)
            throw new AwsException("AttachmentLimitExceeded", 400, $"Instance '{request.InstanceId}' has {AttachmentsMax} volumes and network interfaces, as many as an instance can have.");
    }
}

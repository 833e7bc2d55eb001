using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Images;
using Skep.Aws.Ec2.Model;
using Skep.Compute.Kinds;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Makes an image of a stopped instance's root volume. EC2 reboots a running one for this; Skep refuses it, since a copy
/// of a disk that is being written to need not start.
/// </summary>
internal sealed class CreateImage : AwsOperation<CreateImageRequest, CreateImageResult>
{
    /// <inheritdoc/>
    protected override ValueTask<CreateImageResult> HandleAsync(CreateImageRequest request, AwsCall call, CancellationToken ct)
    {
        call.Subjects.Add(request.InstanceId);
        var instance = call.Find(ComputeKinds.Instance, request.InstanceId) ?? throw Ec2Errors.InstanceNotFound(request.InstanceId);
        if (instance.Status?.State != States.Stopped)
            throw Ec2Errors.IncorrectInstanceState(request.InstanceId, "imaged: stop it first");
        if (request.BlockDeviceMappings is { Count: > 0 })
            throw Ec2Errors.Unsupported("other block devices than the instance's root in CreateImage");
        if (request.SnapshotLocation is "local")
            throw Ec2Errors.Unsupported("snapshots in a Local Zone");
        var root = instance.Spec.BlockDevices.Find(d => d.DeviceName == instance.Spec.RootDeviceName)
            ?? throw Ec2Errors.InvalidValue("InstanceId", request.InstanceId, "the instance has no root volume");
        var original = ImageLookup.Find(call, instance.Spec.ImageId);
        var id = ImageRequests.Add(
            call,
            request.Name,
            request.TagSpecifications,
            new ImageImportSource { Volume = root.VolumeId },
            instance.Spec.NodeName,
            spec =>
            {
                spec.Description = request.Description;
                spec.Architecture = original?.Spec.Architecture ?? spec.Architecture;
                spec.BootMode = original?.Spec.BootMode ?? spec.BootMode;
                spec.DefaultUser = original?.Spec.DefaultUser;
                spec.RootDeviceName = instance.Spec.RootDeviceName;
            });
        return new(new CreateImageResult { ImageId = id });
    }
}

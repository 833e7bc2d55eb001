using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Images;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Makes an image of an instance: snapshots of its volumes, of one moment. A running machine is stopped for that moment
/// unless NoReboot asks otherwise; then the snapshots are what they are of a machine that runs.
/// </summary>
internal sealed class CreateImage : AwsOperation<CreateImageRequest, CreateImageResult>
{
    /// <inheritdoc/>
    protected override ValueTask<CreateImageResult> HandleAsync(CreateImageRequest request, AwsCall call, CancellationToken ct)
    {
        call.Subjects.Add(request.InstanceId);
        var instance = call.Find(ComputeKinds.Instance, request.InstanceId) ?? throw Ec2Errors.InstanceNotFound(request.InstanceId);
        if (instance.Status?.State is not (States.Running or States.Stopped))
            throw Ec2Errors.IncorrectInstanceState(request.InstanceId, "imaged: it must be running or stopped");
        SnapshotRequests.RefusePlaces(outpostArn: null, request.SnapshotLocation);
        var devices = CapturedDevices.Plan(request, instance, call);
        var original = ImageLookup.Find(call, instance.Spec.ImageId);
        var id = ImageRequests.AddPending(call, request.Name, request.TagSpecifications, spec =>
        {
            spec.Description = request.Description;
            spec.Architecture = original?.Spec.Architecture ?? spec.Architecture;
            spec.BootMode = original?.Spec.BootMode ?? spec.BootMode;
            spec.DefaultUser = original?.Spec.DefaultUser;
            spec.RootDeviceName = instance.Spec.RootDeviceName;
            spec.SnapshotId = devices.RootSnapshotId;
            spec.SizeBytes = devices.RootSizeBytes;
            spec.BlockDevices = devices.OfImage;
        });

        var tags = Tagging.ForType(request.TagSpecifications, "snapshot", "image", "snapshot");
        var isRebooted = request.NoReboot is not true && instance.Status.State == States.Running;
        var description = $"Created by CreateImage({request.InstanceId}) for {id}";
        if (!isRebooted)
            SnapshotSet.Add(call, devices.Volumes, devices.SnapshotIds, description, _ => tags is null ? null : new(tags, StringComparer.Ordinal));

        call.Transaction.Create(AwsKinds.ImageCapture, new ImageCapture
        {
            Metadata = call.NewMetadata(id),
            Spec =
            {
                InstanceId = request.InstanceId,
                Reboot = isRebooted,
                Disks = devices.Disks,
                OwnerAccount = call.AccountId,
                SnapshotTags = tags,
            },
            Status = isRebooted ? null : new ImageCaptureStatus(),
        });
        return new(new CreateImageResult { ImageId = id });
    }
}

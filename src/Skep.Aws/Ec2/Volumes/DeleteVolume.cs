using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Deletes a volume that is attached to nothing.</summary>
internal sealed class DeleteVolume : AwsAction<DeleteVolumeRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(DeleteVolumeRequest request, AwsCall call, CancellationToken ct)
    {
        var volume = VolumeSelection.ForChange(call, request.VolumeId);
        if (volume.Spec.Attachment is { } attachment)
            throw Ec2Errors.VolumeInUse($"Volume {request.VolumeId} is currently attached to {attachment.InstanceId}");
        call.Transaction.RequireUnchanged(StorageKinds.Volume.Key(call.Namespace, request.VolumeId));
        call.Transaction.Delete(StorageKinds.Volume.Key(call.Namespace, request.VolumeId), DeleteOptions.Background);
        return ValueTask.CompletedTask;
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Changes whether I/O is enabled by itself after a failure; here it is never disabled.</summary>
internal sealed class ModifyVolumeAttribute : AwsAction<ModifyVolumeAttributeRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(ModifyVolumeAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        var volume = VolumeSelection.ForChange(call, request.VolumeId);
        volume.Spec.AutoEnableIO = request.AutoEnableIO?.Value ?? throw Ec2Errors.Missing("AutoEnableIO.Value");
        call.Transaction.Update(StorageKinds.Volume, volume, WriteScope.Main);
        return ValueTask.CompletedTask;
    }
}

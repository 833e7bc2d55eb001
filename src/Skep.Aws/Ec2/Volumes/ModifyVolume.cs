using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Volumes;
using Skep.Aws.Protocol;
using Skep.Core.Store;
using Skep.Storage.Kinds;
using VolumeModification = Skep.Storage.Kinds.VolumeModification;
using VolumeStates = Skep.Storage.Kinds.VolumeState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Changes a volume's size, type and performance, in use or not. EC2 makes callers wait six hours between two changes of
/// a volume; here the next may follow when the last is complete.
/// </summary>
internal sealed class ModifyVolume : AwsOperation<ModifyVolumeRequest, ModifyVolumeResult>
{
    /// <inheritdoc/>
    protected override ValueTask<ModifyVolumeResult> HandleAsync(ModifyVolumeRequest request, AwsCall call, CancellationToken ct)
    {
        var volume = VolumeSelection.ForChange(call, request.VolumeId);
        if (request is { Size: null, VolumeType: null, Iops: null, Throughput: null, MultiAttachEnabled: null })
            throw Ec2Errors.Missing("size/volumeType/iops/throughput");
        if (request.MultiAttachEnabled is true)
            throw Ec2Errors.Unsupported("volumes that are attached to several instances");
        if (VolumeMapper.StateOf(volume) is not (VolumeStates.Available or VolumeStates.InUse))
            throw Ec2Errors.IncorrectState($"Volume '{request.VolumeId}' is in the '{VolumeMapper.StateOf(volume)}' state; a volume can be modified while it is available or in-use.");
        if (volume.Status!.Modification is { State: VolumeModificationState.Modifying or VolumeModificationState.Optimizing } under)
            throw new AwsException("IncorrectModificationState", 400, $"Cannot modify volume {request.VolumeId} in modification state {under.State.ToUpperInvariant()}");
        if (request.Size < volume.Spec.SizeGib)
            throw Ec2Errors.InvalidValue("size", $"{request.Size}", "New size cannot be smaller than existing size");

        var original = VolumeShape.Of(volume.Spec);
        var target = Target(request, original);
        target.Apply(volume.Spec);
        volume.Status.Modification = new VolumeModification { StartTime = call.Now, Original = original, Target = target };
        call.Transaction.Update(StorageKinds.Volume, volume, WriteScope.All);
        return new(new ModifyVolumeResult { VolumeModification = ModificationMapper.Map(request.VolumeId, volume.Status.Modification) });
    }

    /// <summary>What is not asked for stays, as far as the type has it.</summary>
    private static VolumeShape Target(ModifyVolumeRequest request, VolumeShape original)
    {
        var type = VolumeType.Find(request.VolumeType ?? original.VolumeType);
        return VolumeShapes.Make(
            request.VolumeType ?? original.VolumeType,
            request.Size ?? original.SizeGib,
            request.Iops ?? (type?.IopsMax > 0 ? original.Iops : null),
            request.Throughput ?? (type?.ThroughputMax > 0 ? original.Throughput : null));
    }
}

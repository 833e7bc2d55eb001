using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.RootVolumes;
using Skep.Aws.Kinds;
using Skep.Storage.Kinds;
using States = Skep.Compute.Kinds.InstanceState;

namespace Skep.Aws.Ec2;

/// <summary>
/// Replaces the root volume of a running instance by a new one: with the content of its launch, of a snapshot or of an image. The
/// new volume is made at once; <see cref="ReplaceRootVolumeController"/> does the rest.
/// </summary>
internal sealed class CreateReplaceRootVolumeTask : AwsOperation<CreateReplaceRootVolumeTaskRequest, CreateReplaceRootVolumeTaskResult>
{
    /// <summary>Finished tasks of an instance that are kept beside the new one.</summary>
    private const int FinishedMax = 50;

    /// <inheritdoc/>
    protected override ValueTask<CreateReplaceRootVolumeTaskResult> HandleAsync(CreateReplaceRootVolumeTaskRequest request, AwsCall call, CancellationToken ct)
    {
        var instance = RequireInstance(call, request.InstanceId);
        var root = instance.Spec.BlockDevices.Find(d => d.DeviceName == instance.Spec.RootDeviceName)
            ?? throw Ec2Errors.InvalidValue("InstanceId", request.InstanceId, "the instance has no root volume");
        var old = call.Find(StorageKinds.Volume, root.VolumeId) ?? throw Ec2Errors.VolumeNotFound(root.VolumeId);
        CheckOthers(call, request.InstanceId);
        var source = RootSource.Of(request, instance, call);
        var volume = MakeVolume(call, old, instance, source);
        var task = new ReplaceRootVolumeTaskResource
        {
            Metadata = call.NewMetadata(call.NewId("replacevol")),
            Spec =
            {
                InstanceId = request.InstanceId,
                OldVolumeId = old.Metadata.Name,
                NewVolumeId = volume.Metadata.Name,
                SnapshotId = request.SnapshotId,
                ImageId = request.ImageId,
                DeleteReplacedRootVolume = request.DeleteReplacedRootVolume ?? false,
                Tags = Tagging.ForType(request.TagSpecifications, "replace-root-volume-task", "replace-root-volume-task"),
            },
            Status = new ReplaceRootVolumeTaskStatus { StartTime = call.Now },
        };
        var key = ComputeKinds.Instance.Key(call.Namespace, request.InstanceId);
        call.Transaction.RequireUnchanged(key);
        task.Metadata.OwnerReferences = [Ownership.By(call, ComputeKinds.Instance, key)];
        call.Transaction.Create(AwsKinds.ReplaceRootVolumeTask, task);
        return new(new CreateReplaceRootVolumeTaskResult { ReplaceRootVolumeTask = ReplaceRootVolumeMapper.Map(task) });
    }

    private static InstanceResource RequireInstance(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        var instance = call.Find(ComputeKinds.Instance, id) ?? throw Ec2Errors.InstanceNotFound(id);
        return InstanceStates.Of(instance) is States.Running && instance.Spec.RunState is Compute.Kinds.InstanceRunState.Running
            ? instance
            : throw Ec2Errors.IncorrectInstanceState(id, "given another root volume: it must be running");
    }

    /// <summary>One at a time; the oldest that are over make room.</summary>
    private static void CheckOthers(AwsCall call, string instanceId)
    {
        var tasks = call.List(AwsKinds.ReplaceRootVolumeTask, after: null).Where(t => t.Spec.InstanceId == instanceId).ToList();
        if (tasks.Find(t => !ReplaceRootVolumeTaskStates.IsFinal(t.Status?.State)) is { } other)
            throw Ec2Errors.IncorrectState($"The instance '{instanceId}' already has a replace root volume task in progress: '{other.Metadata.Name}'.");
        foreach (var oldest in tasks.OrderByDescending(t => t.Status?.StartTime).Skip(FinishedMax - 1))
            call.Transaction.Delete(AwsKinds.ReplaceRootVolumeTask.Key(call.Namespace, oldest.Metadata.Name), Core.Store.DeleteOptions.Background);
    }

    /// <summary>Like the old root in everything but its content, and larger if the content needs that.</summary>
    private static VolumeResource MakeVolume(AwsCall call, VolumeResource old, InstanceResource instance, RootSource source)
    {
        var volume = new VolumeResource
        {
            Metadata = call.NewMetadata(call.NewId("vol")),
            Spec =
            {
                SizeGib = Math.Max(old.Spec.SizeGib, source.SizeGib),
                VolumeType = old.Spec.VolumeType,
                Iops = old.Spec.Iops,
                Throughput = old.Spec.Throughput,
                ImageId = source.ImageId,
                SnapshotId = source.SnapshotId,
                AvailabilityZone = old.Spec.AvailabilityZone,
                NodeName = instance.Spec.NodeName,
                PoolName = old.Spec.PoolName ?? StoragePool.DefaultName, // where the old one is, whatever the default is by now
                Encrypted = old.Spec.Encrypted || source.Encryption.IsEncrypted,
                KmsKeyId = old.Spec.KmsKeyId ?? source.Encryption.KmsKeyId,
                Tags = old.Spec.Tags is null ? null : new(old.Spec.Tags, StringComparer.Ordinal),
            },
            Status = new VolumeStatus(),
        };
        volume.Metadata.Finalizers = [VolumeResource.Finalizer];
        call.Transaction.Create(StorageKinds.Volume, volume);
        return volume;
    }
}

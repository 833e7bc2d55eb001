using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Protocol;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>Takes snapshots of all volumes of an instance, of one moment.</summary>
internal sealed class CreateSnapshots : AwsOperation<CreateSnapshotsRequest, CreateSnapshotsResult>
{
    /// <inheritdoc/>
    protected override ValueTask<CreateSnapshotsResult> HandleAsync(CreateSnapshotsRequest request, AwsCall call, CancellationToken ct)
    {
        SnapshotRequests.RefusePlaces(request.OutpostArn, request.Location);
        var wanted = request.InstanceSpecification;
        var volumes = VolumesOf(call, wanted.InstanceId, wanted.ExcludeBootVolume is true, wanted.ExcludeDataVolumeIds ?? []);
        var tags = Tagging.ForType(request.TagSpecifications, "snapshot", "snapshot");
        var snapshots = SnapshotSet.Add(call, volumes, request.Description, v => TagsOf(v, tags, request.CopyTagsFromSource is "volume"));
        return new(new CreateSnapshotsResult { Snapshots = [.. snapshots.Select(s => SnapshotMapper.MapInfo(s, call))] });
    }

    private static List<VolumeResource> VolumesOf(AwsCall call, string instanceId, bool isBootExcluded, List<string> excluded)
    {
        call.Subjects.Add(instanceId);
        var instance = call.Find(ComputeKinds.Instance, instanceId) ?? throw Ec2Errors.InstanceNotFound(instanceId);
        if (instance.Status?.State is Compute.Kinds.InstanceState.Terminated or Compute.Kinds.InstanceState.ShuttingDown)
            throw Ec2Errors.IncorrectInstanceState(instanceId, "snapshotted");
        var devices = instance.Spec.BlockDevices;
        var root = devices.Find(d => d.DeviceName == instance.Spec.RootDeviceName)?.VolumeId;
        foreach (var id in excluded)
        {
            if (id == root)
                throw Ec2Errors.InvalidValue("ExcludeDataVolumeId", id, "it is the boot volume; use ExcludeBootVolume");
            if (!devices.Exists(d => d.VolumeId == id))
                throw Ec2Errors.InvalidValue("ExcludeDataVolumeId", id, $"it is not attached to {instanceId}");
        }

        var ids = devices.Select(d => d.VolumeId).Where(id => !(isBootExcluded && id == root) && !excluded.Contains(id)).ToList();
        if (ids.Count == 0)
            throw Ec2Errors.InvalidCombination($"All volumes of {instanceId} are excluded.");
        return [.. ids.Select(id => call.Find(StorageKinds.Volume, id) ?? throw Ec2Errors.VolumeNotFound(id))];
    }

    private static Dictionary<string, string>? TagsOf(VolumeResource volume, Dictionary<string, string>? tags, bool areCopied)
    {
        if (!areCopied || volume.Spec.Tags is not { Count: > 0 } copied)
            return tags is null ? null : new(tags, StringComparer.Ordinal);
        var all = new Dictionary<string, string>(copied, StringComparer.Ordinal);
        foreach (var (key, value) in tags ?? [])
            all[key] = value;
        return all.Count <= Tagging.TagsMax ? all : throw Ec2Errors.TagLimit(Tagging.TagsMax);
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>Snapshots of several volumes of one instance that show the same moment.</summary>
internal static class SnapshotSet
{
    /// <summary>
    /// Refuses a set whose snapshots would show different moments: disks that a machine writes to are captured one after the
    /// other.
    /// </summary>
    /// <exception cref="AwsException">UnsupportedOperation.</exception>
    public static void RequireOneMoment(InstanceResource instance, int volumes)
    {
        if (volumes > 1 && instance.Status?.State != Compute.Kinds.InstanceState.Stopped)
            throw Ec2Errors.SetOfRunningInstance(instance.Metadata.Name);
    }

    /// <summary>Adds pending snapshots, each of which names the others, to the call's transaction.</summary>
    /// <exception cref="AwsException">As for a single one.</exception>
    public static List<SnapshotResource> Add(
        AwsCall call, IReadOnlyList<VolumeResource> volumes, string? description, Func<VolumeResource, Dictionary<string, string>?> tagsOf) =>
        Add(call, volumes, [.. volumes.Select(_ => call.NewId("snap"))], description, tagsOf);

    /// <summary>The same with ids that were drawn before.</summary>
    /// <exception cref="AwsException">As for a single one.</exception>
    public static List<SnapshotResource> Add(
        AwsCall call, IReadOnlyList<VolumeResource> volumes, IReadOnlyList<string> ids, string? description, Func<VolumeResource, Dictionary<string, string>?> tagsOf) =>
    [
        .. volumes.Zip(ids, (volume, id) => SnapshotRequests.AddOfVolume(
            call, id, volume, description, tagsOf(volume), ids.Count > 1 ? [.. ids.Where(other => other != id)] : null)),
    ];
}

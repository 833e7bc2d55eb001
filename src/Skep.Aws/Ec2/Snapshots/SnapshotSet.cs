using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>Snapshots of several volumes of one instance that show the same moment.</summary>
internal static class SnapshotSet
{
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

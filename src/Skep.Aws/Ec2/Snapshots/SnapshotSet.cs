using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>Snapshots of several volumes of one instance that show the same moment.</summary>
internal static class SnapshotSet
{
    /// <summary>Adds pending snapshots, each of which names the others, to the call's transaction.</summary>
    /// <exception cref="AwsException">As for a single one.</exception>
    public static List<SnapshotResource> Add(
        AwsCall call, IReadOnlyList<VolumeResource> volumes, string? description, Func<VolumeResource, Dictionary<string, string>?> tagsOf)
    {
        var snapshots = volumes.Select(v => SnapshotRequests.AddOfVolume(call, v, description, tagsOf(v))).ToList();
        if (snapshots.Count == 1)
            return snapshots;
        foreach (var snapshot in snapshots)
            snapshot.Spec.TakenWith = [.. snapshots.Where(s => s != snapshot).Select(s => s.Metadata.Name)];
        return snapshots;
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>Finds the snapshots an account may use: its own, and those of others that it may make volumes from.</summary>
internal static class SnapshotLookup
{
    /// <summary>The group that stands for everybody in permissions.</summary>
    public const string Everybody = "all";

    /// <summary>All snapshots that the account may use in the call's region, ordered by id, from after a position on.</summary>
    public static IEnumerable<SnapshotResource> All(AwsCall call, string? after)
    {
        var own = call.List(StorageKinds.Snapshot, after);
        var foreign = call.View.List(StorageKinds.Snapshot.GroupResource, ns: null, after: null)
            .Where(r => r.Key.Namespace != call.Namespace && (after is null || string.CompareOrdinal(r.Key.Name, after) > 0))
            .Select(r => r.View(StorageKinds.Snapshot))
            .Where(s => IsInRegion(s, call) && MayRestore(s, call.AccountId))
            .ToList();
        // The account's own are in order already; only what is shared makes sorting necessary.
        return foreign.Count == 0 ? own : own.Concat(foreign).OrderBy(s => s.Metadata.Name, StringComparer.Ordinal);
    }

    /// <summary>A snapshot that the account may use, or null.</summary>
    public static SnapshotResource? Find(AwsCall call, string id) =>
        call.Find(StorageKinds.Snapshot, id)
        ?? call.View.List(StorageKinds.Snapshot.GroupResource, ns: null, after: null)
            .Where(r => r.Key.Name == id)
            .Select(r => r.View(StorageKinds.Snapshot))
            .FirstOrDefault(s => IsInRegion(s, call) && MayRestore(s, call.AccountId));

    /// <summary>A copy of one of the account's own snapshots, to change.</summary>
    /// <exception cref="AwsException">InvalidSnapshot.NotFound.</exception>
    public static SnapshotResource ForChange(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        return call.Edit(StorageKinds.Snapshot, id) is { Metadata.DeletionTimestamp: null } snapshot ? snapshot : throw Ec2Errors.SnapshotNotFound(id);
    }

    /// <summary>Whether an account was given the right to make volumes from another's snapshot.</summary>
    public static bool MayRestore(SnapshotResource snapshot, string accountId) =>
        snapshot.Spec.CreateVolumePermissions?.Exists(p => p.Group == Everybody || p.UserId == accountId) is true;

    private static bool IsInRegion(SnapshotResource snapshot, AwsCall call) =>
        snapshot.Metadata.Labels?.GetValueOrDefault(AwsCall.RegionLabel) is not { } region || region == call.Region;
}

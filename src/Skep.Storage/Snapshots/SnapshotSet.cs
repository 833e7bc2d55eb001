using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Storage.Snapshots;

/// <summary>Snapshots that name each other: their volumes are captured at one moment, by one node, or none is.</summary>
/// <param name="Members">All of them in the order of their names, once they can be begun.</param>
/// <param name="Waiting">What is still missing; null for nothing.</param>
/// <param name="Failure">Why it never will be; null when it may.</param>
internal sealed record SnapshotSet(IReadOnlyList<Snapshot> Members, string? Waiting, string? Failure)
{
    /// <summary>How long the others may take to appear: dialects make all in one transaction, people one after the other.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Whether a snapshot belongs to a set.</summary>
    public static bool Has(Snapshot snapshot) => snapshot.Spec is { Source: SnapshotSource.Volume, TakenWith.Count: > 0 };

    /// <summary>Looks for the set of a snapshot whose moment is still to come.</summary>
    public static SnapshotSet Find(View view, ResourceKey key, Snapshot snapshot, DateTimeOffset now)
    {
        var members = new List<Snapshot> { snapshot };
        foreach (var name in snapshot.Spec.TakenWith!)
        {
            var member = view.Get(StorageKinds.Snapshot, key.Namespace, name);
            if (Problem(member, name, snapshot) is { } problem)
                return new([], null, problem);
            if (member is not { Status: not null, Spec.NodeName: not null } || member.Metadata.Finalizers?.Contains(Snapshot.Finalizer) is not true)
            {
                return now < snapshot.Status?.StartTime + Patience
                    ? new([], $"snapshot {name}", null)
                    : new([], null, $"snapshot {name}, which is to be taken at the same moment, did not appear within {Patience.TotalSeconds:0} s");
            }

            members.Add(member);
        }

        if (members.GroupBy(m => m.Spec.VolumeId, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { Key: var twice })
            return new([], null, $"two snapshots of the set are of the volume {twice}");
        members.Sort((a, b) => string.CompareOrdinal(a.Metadata.Name, b.Metadata.Name));
        return new(members, null, null);
    }

    private static string? Problem(Snapshot? member, string name, Snapshot snapshot) => member switch
    {
        null => null,
        { Metadata.DeletionTimestamp: not null } => Deleted(name),
        { Status: { State: SnapshotState.Error } status } => Failed(name, status.Message),
        { Status.CapturedTime: not null } or { Status.State: SnapshotState.Completed } => $"snapshot {name}, which is to be taken at the same moment, was taken before",
        { Spec.Source: not SnapshotSource.Volume } => $"snapshot {name}, which is to be taken at the same moment, is not one of a volume",
        _ when !IsSame(member, snapshot) => $"snapshot {name} does not name the same set of snapshots in takenWith",
        _ when member.Spec.NodeName is { } node && node != snapshot.Spec.NodeName => $"snapshot {name}, which is to be taken at the same moment, is taken on node {node}, and this one on {snapshot.Spec.NodeName}",
        _ => null,
    };

    /// <summary>Why the others of a set are not taken when one is deleted before its moment.</summary>
    public static string Deleted(string name) => $"snapshot {name}, which was to be taken at the same moment, was deleted";

    /// <summary>Why the others of a set fail when one has.</summary>
    public static string Failed(string name, string? message) => $"snapshot {name}, which belongs to the same moment, failed: {message}";

    private static bool IsSame(Snapshot a, Snapshot b) => NamesOf(a).SetEquals(NamesOf(b));

    private static HashSet<string> NamesOf(Snapshot snapshot) => new([snapshot.Metadata.Name, .. snapshot.Spec.TakenWith ?? []], StringComparer.Ordinal);
}

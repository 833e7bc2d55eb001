using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Filters;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2;

/// <summary>Lists the snapshots that the account owns or may make volumes from.</summary>
internal sealed class DescribeSnapshots : DescribeOperation<DescribeSnapshotsRequest, DescribeSnapshotsResult, Model.Snapshot>
{
    private const string Self = "self";

    /// <inheritdoc/>
    protected override bool IdsExcludePaging => true;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Model.Snapshot>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<Model.Snapshot>>(StringComparer.Ordinal)
        {
            ["status"] = (s, _) => [s.State],
            ["start-time"] = (s, _) => [FilterTable.Text(s.StartTime)],
        };

    /// <inheritdoc/>
    protected override IEnumerable<Model.Snapshot> Items(DescribeSnapshotsRequest request, AwsCall call, string? after) =>
        Selected(request.SnapshotIds, call, after)
            .Where(s => s.Metadata.DeletionTimestamp is null)
            .Where(s => IsOwnedBy(s, request.OwnerIds, call) && IsRestorableBy(s, request.RestorableByUserIds, call))
            .Select(s => SnapshotMapper.Map(s, call));

    /// <inheritdoc/>
    protected override string KeyOf(Model.Snapshot item) => item.SnapshotId!;

    /// <inheritdoc/>
    protected override DescribeSnapshotsResult Respond(List<Model.Snapshot> items, AwsCall call) => new() { Snapshots = items };

    private static IEnumerable<SnapshotResource> Selected(List<string>? ids, AwsCall call, string? after)
    {
        if (ids is null or { Count: 0 })
            return SnapshotLookup.All(call, after);
        call.Subjects.AddRange(ids);
        var found = ids.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(id => (Id: id, Snapshot: SnapshotLookup.Find(call, id))).ToList();
        var missing = found.Where(f => f.Snapshot?.Metadata is null or { DeletionTimestamp: not null }).Select(f => f.Id).ToList();
        return missing.Count == 0 ? found.Select(f => f.Snapshot!) : throw Ec2Errors.SnapshotNotFound(missing);
    }

    /// <summary>"amazon" and "aws-marketplace" own nothing in a private cloud.</summary>
    private static bool IsOwnedBy(SnapshotResource snapshot, List<string>? owners, AwsCall call)
    {
        var owner = SnapshotMapper.OwnerOf(snapshot, call);
        return owners is null or { Count: 0 } || owners.Exists(o => o == owner || (o == Self && owner == call.AccountId));
    }

    private static bool IsRestorableBy(SnapshotResource snapshot, List<string>? users, AwsCall call) =>
        users is null or { Count: 0 } || users.Exists(user => user switch
        {
            SnapshotLookup.Everybody => snapshot.Spec.CreateVolumePermissions?.Exists(p => p.Group == SnapshotLookup.Everybody) is true,
            Self => MayUse(snapshot, call.AccountId, call),
            _ => MayUse(snapshot, user, call),
        });

    private static bool MayUse(SnapshotResource snapshot, string account, AwsCall call) =>
        SnapshotMapper.OwnerOf(snapshot, call) == account || snapshot.Spec.CreateVolumePermissions?.Exists(p => p.UserId == account) is true;
}

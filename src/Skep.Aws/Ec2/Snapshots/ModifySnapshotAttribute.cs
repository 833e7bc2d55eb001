using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Snapshots;
using Skep.Core.Store;

namespace Skep.Aws.Ec2;

/// <summary>Says who else may make volumes from a snapshot.</summary>
internal sealed class ModifySnapshotAttribute : AwsAction<ModifySnapshotAttributeRequest>
{
    /// <inheritdoc/>
    protected override ValueTask HandleAsync(ModifySnapshotAttributeRequest request, AwsCall call, CancellationToken ct)
    {
        var snapshot = SnapshotLookup.ForChange(call, request.SnapshotId);
        if (request.Attribute is not (null or SnapshotPermissions.Attribute))
            throw Ec2Errors.InvalidValue("Attribute", request.Attribute, $"only {SnapshotPermissions.Attribute} can be modified");
        var named = (request.UserIds ?? []).Select(u => ((string?)u, (string?)null))
            .Concat((request.GroupNames ?? []).Select(g => ((string?)null, (string?)g)))
            .ToList();
        switch (request.OperationType)
        {
            case "add":
                SnapshotPermissions.Add(snapshot, named);
                break;
            case "remove":
                SnapshotPermissions.Remove(snapshot, named);
                break;
            case null when named.Count > 0:
                throw Ec2Errors.Missing("OperationType");
            case null when request.CreateVolumePermission is null:
                throw Ec2Errors.Missing("CreateVolumePermission");
        }

        SnapshotPermissions.Add(snapshot, Pairs(request.CreateVolumePermission?.Add));
        SnapshotPermissions.Remove(snapshot, Pairs(request.CreateVolumePermission?.Remove));
        call.Transaction.Update(StorageKinds.Snapshot, snapshot, WriteScope.Main);
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<(string?, string?)> Pairs(List<CreateVolumePermission>? permissions) =>
        (permissions ?? []).Select(p => (p.UserId, p.Group));
}

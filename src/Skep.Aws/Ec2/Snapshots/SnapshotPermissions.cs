using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;
using Skep.Core.Resources;
using Permission = Skep.Storage.Kinds.CreateVolumePermission;

namespace Skep.Aws.Ec2.Snapshots;

/// <summary>A snapshot's createVolumePermission between the wire and the resource.</summary>
internal static class SnapshotPermissions
{
    /// <summary>The attribute's name.</summary>
    public const string Attribute = "createVolumePermission";

    /// <summary>Accounts that one snapshot may be shared with (EBS' quota).</summary>
    private const int PermissionsMax = 1_000;

    private const int AccountDigits = 12;

    /// <summary>Gives rights. Who has them already keeps them.</summary>
    /// <exception cref="AwsException">InvalidUserID.Malformed, OperationNotPermitted, ResourceLimitExceeded.</exception>
    public static void Add(SnapshotResource snapshot, IEnumerable<(string? UserId, string? Group)> added)
    {
        var permissions = snapshot.Spec.CreateVolumePermissions ?? [];
        foreach (var (userId, group) in added)
        {
            Check(userId, group);
            if (group is not null && snapshot.Spec.Encrypted)
                throw new AwsException("OperationNotPermitted", 400, $"The encrypted snapshot '{snapshot.Metadata.Name}' cannot be shared with everybody.");
            if (!permissions.Exists(p => p.UserId == userId && p.Group == group))
                permissions.Add(new Permission { UserId = userId, Group = group });
        }

        if (permissions.Count > PermissionsMax)
            throw new AwsException("ResourceLimitExceeded", 400, $"A snapshot can be shared with at most {PermissionsMax} accounts.");
        snapshot.Spec.CreateVolumePermissions = permissions.Count > 0 ? permissions : null;
    }

    /// <summary>Takes rights away. Who does not have them is no error.</summary>
    /// <exception cref="AwsException">InvalidUserID.Malformed.</exception>
    public static void Remove(SnapshotResource snapshot, IEnumerable<(string? UserId, string? Group)> removed)
    {
        foreach (var (userId, group) in removed)
        {
            Check(userId, group);
            snapshot.Spec.CreateVolumePermissions?.RemoveAll(p => p.UserId == userId && p.Group == group);
        }

        if (snapshot.Spec.CreateVolumePermissions is { Count: 0 })
            snapshot.Spec.CreateVolumePermissions = null;
    }

    /// <summary>As answers list them.</summary>
    public static List<CreateVolumePermission> ToWire(SnapshotResource snapshot) =>
        [.. (snapshot.Spec.CreateVolumePermissions ?? []).Select(p => new CreateVolumePermission { UserId = p.UserId, Group = p.Group })];

    private static void Check(string? userId, string? group)
    {
        if ((userId is null) == (group is null))
            throw Ec2Errors.InvalidCombination("A permission names either a user or a group.");
        if (group is not (null or SnapshotLookup.Everybody))
            throw Ec2Errors.InvalidValue("GroupName", group, $"the only group is {SnapshotLookup.Everybody}");
        if (userId is not null && (userId.Length != AccountDigits || !userId.All(char.IsAsciiDigit)))
            throw Ec2Errors.UserIdMalformed(userId);
    }
}

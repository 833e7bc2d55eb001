using System.Text.Json.Serialization;
using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;
using Skep.Core.Resources;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>Options that every operation that makes volumes takes.</summary>
internal static class VolumeOptions
{
    private static readonly GroupResource _snapshots = new("storage.skep.dev", "snapshots");

    /// <summary>Refuses what would fake security or place.</summary>
    public static void RefuseUnsupported(bool? encrypted, string? kmsKeyId, string? outpostArn)
    {
        if (encrypted is true || kmsKeyId is not null)
            throw Ec2Errors.Unsupported("encrypted volumes");
        if (outpostArn is not null)
            throw Ec2Errors.Unsupported("Outposts");
    }

    /// <summary>A snapshot that volumes may be made of: the account's own, or one that it was given.</summary>
    /// <exception cref="AwsException">InvalidSnapshot.NotFound, IncorrectState.</exception>
    public static SourceSnapshot RequireSnapshot(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        var own = call.View.Get(new ResourceKey(_snapshots, call.Namespace, id));
        var resource = own
            ?? call.View.List(_snapshots, ns: null, after: null).FirstOrDefault(r => r.Key.Name == id && r.View(SnapshotJson.Default.SnapshotView).IsSharedWith(call.AccountId))
            ?? throw Ec2Errors.SnapshotNotFound(id);
        var snapshot = resource.View(SnapshotJson.Default.SnapshotView);
        if (snapshot.Metadata.DeletionTimestamp is not null)
            throw Ec2Errors.SnapshotNotFound(id);
        if (snapshot.Status?.State is "error")
            throw new AwsException("IncorrectState", 400, $"The snapshot '{id}' is in the 'error' state.");
        call.Transaction.RequireUnchanged(resource.Key);
        return new SourceSnapshot(id, snapshot.Spec.VolumeSizeGib, snapshot.Spec.NodeName);
    }
}

/// <summary>A snapshot that a volume is made of.</summary>
internal sealed record SourceSnapshot(string Id, long SizeGib, string? NodeName);

/// <summary>What making volumes needs to know of storage.skep.dev's Snapshot.</summary>
internal sealed class SnapshotView
{
    public ObjectMeta Metadata { get; set; } = new();
    public SnapshotSpecView Spec { get; set; } = new();
    public SnapshotStatusView? Status { get; set; }

    /// <summary>Whether an account that does not own it may use it.</summary>
    public bool IsSharedWith(string accountId) => Spec.CreateVolumePermissions?.Exists(p => p.Group == "all" || p.UserId == accountId) is true;

    internal sealed class SnapshotSpecView
    {
        public long VolumeSizeGib { get; set; }
        public string? NodeName { get; set; }
        public List<PermissionView>? CreateVolumePermissions { get; set; }
    }

    internal sealed class PermissionView
    {
        public string? UserId { get; set; }
        public string? Group { get; set; }
    }

    internal sealed class SnapshotStatusView
    {
        public string? State { get; set; }
    }
}

/// <summary>Serializer metadata of the view.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SnapshotView))]
internal sealed partial class SnapshotJson : JsonSerializerContext;

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Snapshots;
using Skep.Aws.Protocol;
using Skep.Blocks.Chunks;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Aws.Ebs;

/// <summary>The snapshots that the direct APIs may read or write.</summary>
internal sealed class EbsSnapshots(SkepOptions options)
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = ChunkStore.BlockBytes;

    private const long GibBytes = 1L << 30;
    private const int TimeoutMinutesDefault = 60;

    /// <summary>Generations that a snapshot's origin is followed through.</summary>
    private const int LineageMax = 1_000;

    /// <summary>This node's name: where new snapshots are kept.</summary>
    public string NodeName => options.NodeName;

    /// <summary>A completed snapshot that the account may read.</summary>
    /// <exception cref="AwsException">ResourceNotFoundException, ValidationException.</exception>
    public SnapshotResource RequireCompleted(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        if (SnapshotLookup.Find(call, id) is not { Metadata.DeletionTimestamp: null } snapshot)
            throw EbsErrors.SnapshotNotFound(id);
        var state = SnapshotMapper.StateOf(snapshot);
        if (state != SnapshotState.Completed)
            throw EbsErrors.SnapshotState(id, state, "only a completed one can be read");
        RequireHere(snapshot);
        return snapshot;
    }

    /// <summary>One of the account's own snapshots that StartSnapshot made, in whatever state.</summary>
    /// <exception cref="AwsException">ResourceNotFoundException, ValidationException.</exception>
    public SnapshotResource RequireDirect(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        if (call.Edit(StorageKinds.Snapshot, id) is not { Metadata.DeletionTimestamp: null } snapshot)
            throw EbsErrors.SnapshotNotFound(id);
        if (snapshot.Spec.Source != SnapshotSource.Direct)
            throw EbsErrors.NotDirect(id);
        RequireHere(snapshot);
        return snapshot;
    }

    /// <summary>How the store is asked for a snapshot.</summary>
    public static SnapshotRequest RequestOf(SnapshotResource snapshot) => new()
    {
        SnapshotId = snapshot.Metadata.Name,
        SizeBytes = snapshot.Spec.VolumeSizeGib * GibBytes,
        ParentId = snapshot.Spec.ParentSnapshotId,
        IsEncrypted = snapshot.Spec.Encrypted,
        ExpiresAfter = TimeSpan.FromMinutes(snapshot.Spec.TimeoutMinutes ?? TimeoutMinutesDefault),
    };

    /// <summary>How many blocks a snapshot has.</summary>
    public static long BlockCount(SnapshotResource snapshot) => snapshot.Spec.VolumeSizeGib * (GibBytes / BlockBytes);

    /// <summary>What snapshots that can be compared have in common: the volume, or the snapshot that the first of them was.</summary>
    public static string LineageOf(AwsCall call, SnapshotResource snapshot)
    {
        for (var generation = 0; generation < LineageMax; generation++)
        {
            if (snapshot.Spec.VolumeId is { } volume)
                return volume;
            if ((snapshot.Spec.ParentSnapshotId ?? snapshot.Spec.SourceSnapshotId) is not { } origin)
                break;
            if (call.View.List(StorageKinds.Snapshot, ns: null).FirstOrDefault(s => s.Metadata.Name == origin) is not { } older)
                return origin;
            snapshot = older;
        }

        return snapshot.Metadata.Name;
    }

    private void RequireHere(SnapshotResource snapshot)
    {
        if (snapshot.Spec.NodeName is { } node && node != options.NodeName)
            throw EbsErrors.ElsewhereOnNode(snapshot.Metadata.Name, node);
    }
}

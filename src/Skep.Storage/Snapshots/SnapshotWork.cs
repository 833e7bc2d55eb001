using Skep.Blocks;
using Skep.Blocks.Chunks;
using Skep.Blocks.Nbd;
using Skep.Blocks.Stores;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;
using Skep.Storage.Volumes;

namespace Skep.Storage.Snapshots;

/// <summary>The making of one snapshot, from whatever source, to its end: completed or error.</summary>
internal sealed partial class SnapshotWork(
    ResourceClient client, SnapshotStores stores, IMachineDisks machines, OfflineDisk offline, LogVolumeKeeper logs, PoolPlaces places, VolumeKeys keys, VolumeTurns turns, ResourceKey key)
{
    private const long GiB = 1L << 30;

    /// <summary>What was read of the volume; null before.</summary>
    private long? _readBytes;

    /// <summary>Makes it; returns a sentence for the log. Failures that are the snapshot's own become its status.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="set">Where its moment comes from; null when it has one of its own, or has had it.</param>
    /// <param name="ct">Gives up; what has begun can be gone on with.</param>
    public async Task<string> RunAsync(Snapshot snapshot, SnapshotSetStart? set, CancellationToken ct)
    {
        try
        {
            var info = snapshot.Spec.Source switch
            {
                SnapshotSource.Volume => await CaptureAsync(snapshot, set, ct),
                SnapshotSource.Copy => await CopyAsync(snapshot, ct),
                _ => await CompleteDirectAsync(snapshot, ct),
            };
            await SetCompletedAsync(info, ct);
            return $"completed: {info.ChangedBlocks} blocks changed, {info.DataBlocks} in all";
        }
        catch (Exception ex) when (ex is SnapshotException or ChunkStoreException or ObjectStoreException or MachineDiskException
            or VolumeException or NbdException or BlockDeviceException or CommandException or IOException)
        {
            await FailAsync(snapshot, ex.Message, ct);
            return $"failed: {ex.Message}";
        }
    }

    private async Task<SnapshotInfo> CopyAsync(Snapshot snapshot, CancellationToken ct)
    {
        var store = await stores.OpenAsync(ct);
        if (await store.FindAsync(key.Name, ct) is { } done)
            return done;
        await store.DeleteAsync(key.Name, ct); // what an earlier daemon had begun
        var sourceId = snapshot.Spec.SourceSnapshotId!;
        var percent = 0;
        return await store.CopyAsync(sourceId, store, RequestOf(snapshot, parentId: null), p =>
        {
            var now = (int)(p.BlocksDone * 100 / Math.Max(p.BlocksAll, 1));
            if (now >= percent + 25)
                _ = ShowProgressAsync(percent = now, CancellationToken.None);
        }, ct);
    }

    private async Task<SnapshotInfo> CompleteDirectAsync(Snapshot snapshot, CancellationToken ct)
    {
        var store = await stores.OpenAsync(ct);
        if (await store.FindAsync(key.Name, ct) is { } done)
            return done;
        var writer = await stores.OpenWriterAsync(RequestOf(snapshot, snapshot.Spec.ParentSnapshotId), ct);
        var info = await writer.CompleteAsync(ct);
        await stores.CloseWriterAsync(key.Name);
        return info;
    }

    /// <summary>What the chunk store is asked for.</summary>
    public static SnapshotRequest RequestOf(Snapshot snapshot, string? parentId) => new()
    {
        SnapshotId = snapshot.Metadata.Name,
        SizeBytes = snapshot.Spec.VolumeSizeGib * GiB,
        ParentId = parentId,
        VolumeName = snapshot.Spec.VolumeId,
        IsEncrypted = snapshot.Spec.Encrypted,
        ExpiresAfter = snapshot.Spec.TimeoutMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : TimeSpan.FromDays(1),
    };

    private Task SetCompletedAsync(SnapshotInfo info, CancellationToken ct) => client.ModifyAsync(StorageKinds.Snapshot, key, s =>
    {
        var status = s.Status!;
        if (status.State == SnapshotState.Error)
            return false; // another one of its set has failed
        status.State = SnapshotState.Completed;
        status.Progress = 100;
        status.Message = null;
        status.CompletionTime = client.Time.GetUtcNow();
        status.CapturedTime ??= status.CompletionTime;
        status.ReadBytes = _readBytes ?? status.ReadBytes;
        status.StoredBytes = info.StoredBytes;
        status.ChangedBytes = info.ChangedBlocks * info.BlockBytes;
        status.DataBytes = info.DataBlocks * info.BlockBytes;
        return true;
    }, ct);

    private Task ShowProgressAsync(int percent, CancellationToken ct) => client.ModifyAsync(StorageKinds.Snapshot, key, s =>
    {
        if (s.Status is not { State: SnapshotState.Pending } status || status.Progress >= percent)
            return false;
        status.Progress = Math.Min(percent, 99);
        return true;
    }, ct);
}

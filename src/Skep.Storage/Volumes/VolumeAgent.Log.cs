using Microsoft.Extensions.Logging;
using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;

namespace Skep.Storage.Volumes;

internal sealed partial class VolumeAgent
{
    /// <summary>
    /// A machine that still has a disk so long after its forced removal was asked for waits for the disk's server: the
    /// machine's agent has cut the disk off before.
    /// </summary>
    private static readonly TimeSpan _forceDeadline = TimeSpan.FromSeconds(45);

    /// <summary>How often a server is looked at whose disk is removed by force.</summary>
    private static readonly TimeSpan _forcePause = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public void Start(Action<ResourceKey> enqueue) => servers.Ended = id =>
    {
        foreach (var volume in client.View.List(StorageKinds.Volume, ns: null).Where(v => v.Metadata.Name == id))
            enqueue(StorageKinds.Volume.Key(volume.Metadata.Namespace ?? "", id));
    };

    /// <summary>Makes a log-structured volume; returns what its status says of where it is.</summary>
    private async Task<VolumeStatus> MakeLogAsync(ResourceKey key, Volume volume, StoragePool pool, string? imageFile, CancellationToken ct)
    {
        if (!options.IsSimulated)
        {
            var place = places.PlaceOf(pool, volume);
            var image = imageFile is null ? null : options.PathOf("images", imageFile);
            await logs.MakeAsync(place, volume.Spec.SizeGib, pool.Spec.Compress, image, ct);
            if (volume.Spec.SnapshotId is { } snapshotId)
            {
                await using var snapshot = await OpenSnapshotAsync(snapshotId, volume.Spec, ct);
                await logs.FillAsync(place, snapshot, ct);
            }
        }

        return new VolumeStatus { NbdSocket = logs.SocketOf(key.Name), NbdExport = key.Name, Format = "raw" };
    }

    private async Task<SnapshotReader> OpenSnapshotAsync(string snapshotId, VolumeSpec spec, CancellationToken ct)
    {
        try
        {
            await CheckSnapshotAsync(snapshotId, spec, ct);
            return await snapshots.OpenReaderAsync(snapshotId, ct);
        }
        catch (Exception ex) when (ex is ChunkStoreException or ObjectStoreException or IOException)
        {
            throw new VolumeException(ex.Message) { IsTransient = true };
        }
    }

    /// <summary>
    /// A log-structured volume is served as long as it is attached. It grows at once in the store; its machine, if it has one,
    /// sees that in the volume's status and tells the guest.
    /// </summary>
    private async Task<TimeSpan?> KeepLogAsync(ResourceKey key, Volume volume, StoragePool pool, View view, CancellationToken ct)
    {
        var instance = InstanceOf(key, volume, view);
        var inMachine = instance is { HasMachine: true };
        var device = inMachine ? instance!.Status!.BlockDevices?.Find(d => d.VolumeId == key.Name) : null;
        var sizeGib = volume.Status!.SizeGib ?? 0;
        string? problem = null;
        try
        {
            if (!options.IsSimulated)
                sizeGib = await KeepServedAsync(places.PlaceOf(pool, volume), volume, inMachine, sizeGib, ct);
            else
                sizeGib = volume.Spec.SizeGib;
        }
        catch (VolumeException ex)
        {
            problem = ex.Message;
            LogNotServed(key, problem);
        }

        var isGrown = sizeGib >= volume.Spec.SizeGib && (!inMachine || device is null || device.SizeGib is null || device.SizeGib >= volume.Spec.SizeGib);
        await SetStatusAsync(key, sizeGib, isGrown, device, inMachine, problem, ct);
        if (volume.Spec.Attachment?.Detach == VolumeDetach.Forced && inMachine)
            return _forcePause;
        return problem is null ? null : _retryPause;
    }

    private async Task<long> KeepServedAsync(LogVolumePlace place, Volume volume, bool inMachine, long sizeGib, CancellationToken ct)
    {
        if (sizeGib < volume.Spec.SizeGib && volume.Spec.Attachment?.Detach != VolumeDetach.Forced)
        {
            await logs.GrowAsync(place, volume.Spec.SizeGib, ct);
            sizeGib = volume.Spec.SizeGib;
        }

        if (volume.Spec.Attachment is { Detach: VolumeDetach.Forced } attachment && inMachine)
        {
            var isTimeUp = client.Time.GetUtcNow() >= attachment.DetachTime + _forceDeadline;
            if (await logs.ServeForcedAsync(place, sizeGib, isTimeUp, ct))
                LogGivenUp(place.Name);
        }
        else if (volume.Spec.Attachment is not null)
        {
            await logs.ServeAsync(place, ct);
        }
        else if (!inMachine && volume.Status!.Hold is null)
        {
            await logs.StopAsync(place.Name, ct);
        }

        return sizeGib;
    }

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "the server of volume {Volume}, which is detached by force, does not answer; every request of its machine fails from now on")]
    private partial void LogGivenUp(string volume);

    [LoggerMessage(EventId = 1403, Level = LogLevel.Warning, Message = "volume {Key} cannot be served now: {Why}")]
    private partial void LogNotServed(ResourceKey key, string why);
}

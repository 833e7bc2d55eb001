using Microsoft.Extensions.Logging;
using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux.DiskImages;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;
using Skep.Storage.Servers;
using Skep.Storage.Snapshots;

namespace Skep.Storage.Volumes;

/// <summary>
/// What a node does for the volumes bound to it: makes their files, grows them, says what state they are in, removes the
/// files of deleted ones once no machine uses them, and at its start those that no volume explains.
/// </summary>
internal sealed partial class VolumeAgent(
    ResourceClient client, VolumeFiles files, LogVolumeKeeper logs, BlockServers servers, PoolPlaces places, VolumeKeys keys, SnapshotStores snapshots, SnapshotServer snapshotServer,
    SkepOptions options, ILogger<VolumeAgent> logger)
    : IReconciler
{
    private static readonly TimeSpan _retryPause = TimeSpan.FromMinutes(1);
    private readonly Lock _sweep = new();
    private bool _hasSwept;

    /// <inheritdoc/>
    public string Name => "volume-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [StorageKinds.Volume.GroupResource, InstanceView.Resource, ImageView.Resource];

    /// <inheritdoc/>
    public int Concurrency => 4;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == StorageKinds.Volume.GroupResource)
            return [changed.Key];
        if (changed.Key.GroupResource == InstanceView.Resource)
        {
            // What waits for an instance: its volumes on their way out, and those that its machine grows.
            return (changed.View(ForeignJson.Default.InstanceView).Spec.BlockDevices ?? [])
                .Select(d => StorageKinds.Volume.Key(changed.Key.Namespace, d.VolumeId));
        }

        return view.List(StorageKinds.Volume, changed.Key.Namespace)
            .Where(v => v.Spec.ImageId == changed.Key.Name && v.Status?.Path is null)
            .Select(v => StorageKinds.Volume.Key(changed.Key.Namespace, v.Metadata.Name));
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        SweepOnce();
        var view = client.View;
        if (view.Get(key)?.View(StorageKinds.Volume) is not { } volume || !IsMine(volume))
            return null;
        if (volume.Metadata.DeletionTimestamp is not null)
        {
            await RemoveAsync(key, volume, view, ct);
            return null;
        }

        if (volume.Status is not ({ Path: not null } or { NbdSocket: not null }))
            return await MakeAsync(key, volume, view, ct);
        return PoolPlaces.PoolOf(volume, view) is { Spec.Class: StoragePoolClass.Log } pool
            ? await KeepLogAsync(key, volume, pool, view, ct)
            : await KeepAsync(key, volume, view, ct);
    }

    /// <summary>A volume that no node was chosen for belongs to whoever takes it first.</summary>
    private bool IsMine(Volume volume) => (volume.Spec.NodeName ?? options.NodeName) == options.NodeName;

    private async Task<TimeSpan?> MakeAsync(ResourceKey key, Volume volume, View view, CancellationToken ct)
    {
        // An error of a volume that a launch waits for is final: the launch has failed of it.
        if (volume.Status?.State == VolumeState.Error && volume.Spec.ImageId is not null)
            return null;
        try
        {
            if (await ChoosePoolAsync(key, volume, view, ct))
                return null; // the change brings us back
            var pool = PoolPlaces.PoolOf(volume, view);
            string? imageFile = null;
            if (!options.IsSimulated)
            {
                if (await EnsureHeldAsync(key, volume, ct))
                    return null; // the change brings us back
                if (volume.Spec.ImageId is { } imageId)
                {
                    if (view.Get(new ResourceKey(ImageView.Resource, key.Namespace, imageId))?.View(ForeignJson.Default.ImageView) is { Status.State: "pending" })
                        return null; // the image's change brings us back
                    imageFile = RequireImageFile(key.Namespace, imageId, view);
                }
            }

            var made = pool?.Spec.Class == StoragePoolClass.Log
                ? await MakeLogAsync(key, volume, pool, imageFile, ct)
                : await MakeLocalAsync(key, volume, pool, imageFile, ct);
            await client.ModifyAsync(StorageKinds.Volume, key, v =>
            {
                v.Spec.NodeName = options.NodeName;
                made.State = StateOf(v);
                made.SizeGib = volume.Spec.SizeGib;
                made.Limits = LimitsOf(v.Spec);
                v.Status = made;
                return true;
            }, ct);
            return null;
        }
        catch (VolumeException ex)
        {
            var again = ex.IsTransient && volume.Spec.ImageId is null;
            var message = again ? $"{ex.Message}; tried again every minute" : $"{ex.Message}; not tried again: delete this volume and make another";
            await SetErrorAsync(key, message, ct);
            return again ? _retryPause : null;
        }
    }

    /// <summary>Writes the default pool into a volume that names none: it stays there when another one becomes the default.</summary>
    private async Task<bool> ChoosePoolAsync(ResourceKey key, Volume volume, View view, CancellationToken ct)
    {
        if (volume.Spec.PoolName is { Length: > 0 } || PoolPlaces.DefaultOf(view) is not { } pool)
            return false;
        await client.ModifyAsync(StorageKinds.Volume, key, v =>
        {
            if (v.Spec.PoolName is { Length: > 0 })
                return false;
            v.Spec.PoolName = pool;
            return true;
        }, ct);
        return true;
    }

    private async Task<VolumeStatus> MakeLocalAsync(ResourceKey key, Volume volume, StoragePool? pool, string? imageFile, CancellationToken ct)
    {
        var folder = files.In(pool?.Spec.Path);
        var status = new VolumeStatus { Path = folder.PathOf(key.Name), Format = "qcow2" };
        if (options.IsSimulated)
            return status;
        status.Key = volume.Spec.Encrypted ? await EnsureKeyAsync(key, volume, folder, ct) : null;
        var passphrase = OpenKey(key.Name, status.Key);
        if (volume.Spec.SnapshotId is { } snapshotId)
        {
            await MakeFromSnapshotAsync(key, volume, folder, snapshotId, passphrase, ct);
            status.HydratingFrom = snapshotId;
        }
        else
        {
            await folder.MakeAsync(key.Name, volume.Spec.SizeGib, imageFile, passphrase, ct);
        }

        return status;
    }

    /// <summary>Makes a volume that can be used at once and gets its content from the snapshot as it is read, or behind.</summary>
    private async Task MakeFromSnapshotAsync(ResourceKey key, Volume volume, VolumeFiles folder, string snapshotId, DiskPassphrase? passphrase, CancellationToken ct)
    {
        try
        {
            await CheckSnapshotAsync(snapshotId, volume.Spec, ct);
            files.MakeFolder(); // the server listens in it
            await snapshotServer.EnsureStartedAsync(ct);
            await folder.MakeOnExportAsync(key.Name, volume.Spec.SizeGib, snapshotServer.SocketPath, snapshotId, passphrase, ct);
        }
        catch (Exception ex) when (ex is ChunkStoreException or ObjectStoreException or IOException)
        {
            throw new VolumeException(ex.Message) { IsTransient = true };
        }
    }

    private async Task CheckSnapshotAsync(string snapshotId, VolumeSpec spec, CancellationToken ct)
    {
        const long GiB = 1L << 30;
        var info = await (await snapshots.OpenAsync(ct)).FindAsync(snapshotId, ct)
            ?? throw new VolumeException($"snapshot {snapshotId} does not exist on this node, or is not complete");
        if (info.KeyId is not null && !spec.Encrypted)
            throw new VolumeException($"snapshot {snapshotId} is encrypted, and a volume made from it must be too: with spec.encrypted");
        if (info.SizeBytes > spec.SizeGib * GiB)
            throw new VolumeException($"{spec.SizeGib} GiB are too small for snapshot {snapshotId}, which needs {(info.SizeBytes + GiB - 1) / GiB} GiB");
    }

    /// <summary>Before a file exists the finalizer must: otherwise a deletion in between would leave the file.</summary>
    private async Task<bool> EnsureHeldAsync(ResourceKey key, Volume volume, CancellationToken ct)
    {
        if (volume.Metadata.Finalizers?.Contains(Volume.Finalizer) is true)
            return false;
        await client.ModifyAsync(StorageKinds.Volume, key, v =>
        {
            (v.Metadata.Finalizers ??= []).Add(Volume.Finalizer);
            v.Spec.NodeName = options.NodeName;
            return true;
        }, ct);
        return true;
    }

    private static string RequireImageFile(string ns, string imageId, View view)
    {
        if (view.Get(new ResourceKey(ImageView.Resource, ns, imageId)) is not { } resource)
        {
            resource = view.List(ImageView.Resource, ns: null, after: null)
                .FirstOrDefault(i => i.Key.Name == imageId && i.View(ForeignJson.Default.ImageView).Spec.Public)
                ?? throw new VolumeException($"image {imageId} does not exist");
        }

        return resource.View(ForeignJson.Default.ImageView).Spec.FileName
            ?? throw new VolumeException($"image {imageId} has no file");
    }

    private async Task RemoveAsync(ResourceKey key, Volume volume, View view, CancellationToken ct)
    {
        if (volume.Metadata.Finalizers?.Contains(Volume.Finalizer) is not true || IsUsed(key, volume, view))
            return;
        if (!options.IsSimulated)
        {
            if (PoolPlaces.PoolOf(volume, view) is { Spec.Class: StoragePoolClass.Log } pool)
                await logs.RemoveAsync(places.PlaceOf(pool, volume), ct);
            else
                files.In(PoolPlaces.PoolOf(volume, view)?.Spec.Path).Remove(key.Name);
        }

        await client.ModifyAsync(StorageKinds.Volume, key, v => v.Metadata.Finalizers?.Remove(Volume.Finalizer) is true, ct);
    }

    private static bool IsUsed(ResourceKey key, Volume volume, View view) =>
        volume.Spec.Attachment is { InstanceId: { Length: > 0 } instanceId }
        && view.Get(new ResourceKey(InstanceView.Resource, key.Namespace, instanceId))?.View(ForeignJson.Default.InstanceView) is { UsesDisks: true };

    private Task SetErrorAsync(ResourceKey key, string message, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Volume, key, v =>
        {
            if (v.Status?.State == VolumeState.Error && v.Status.Message == message)
                return false;
            LogFailed(key, message);
            v.Status = new VolumeStatus { State = VolumeState.Error, Message = message, Key = v.Status?.Key };
            return true;
        }, ct);

    private static string StateOf(Volume volume) => volume.Spec.Attachment is null ? VolumeState.Available : VolumeState.InUse;

    /// <summary>Once, and before anything else is done: a file that is just being made must not look like a leftover.</summary>
    private void SweepOnce()
    {
        if (options.IsSimulated)
            return;
        lock (_sweep)
        {
            if (_hasSwept)
                return;
            var known = client.View.List(StorageKinds.Volume, ns: null).Where(IsMine).Select(v => v.Metadata.Name).ToHashSet();
            SecretFile.RemoveAbandoned();
            foreach (var name in files.RemoveUnknown(known))
                LogRemoved(name);
            _hasSwept = true;
        }
    }

    [LoggerMessage(EventId = 1400, Level = LogLevel.Warning, Message = "volume {Key} cannot be made: {Why}")]
    private partial void LogFailed(ResourceKey key, string why);

    [LoggerMessage(EventId = 1401, Level = LogLevel.Information, Message = "removed {File}, which no volume explains")]
    private partial void LogRemoved(string file);
}

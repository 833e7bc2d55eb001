using Skep.Blocks.Chunks;
using Skep.Blocks.Nbd;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Storage.Kinds;
using Skep.Storage.Volumes;

namespace Skep.Storage.Snapshots;

internal sealed partial class SnapshotWork
{
    /// <summary>How often it is looked whether a machine that is starting or ending has come to that.</summary>
    public const int AttemptsMax = 120;
    public static readonly TimeSpan AttemptPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _followPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Percent of the work that QEMU's own copy is.</summary>
    private const int CopyShare = 50;

    /// <summary>What is written into a volume's status while its file is read.</summary>
    private string Hold => $"snapshot {key.Name}";

    /// <summary>Gives back what a capture that is not wanted any more still holds.</summary>
    public async Task ForgetCaptureAsync(Snapshot snapshot, CancellationToken ct)
    {
        using var turn = await turns.TakeAsync(snapshot.Spec.VolumeId!, ct);
        if (Volume(snapshot) is not { } volume)
            return;
        if (InstanceOf(volume) is { } instance)
            await machines.EndCaptureAsync(new DiskCaptureRequest(instance, volume.Metadata.Name, key.Name, volume.Status?.ChangesSince), isKept: false, ct);
        await ForgetByEngineAsync(volume, ct);
        await SetHoldAsync(volume.Metadata.Name, hold: null, ct);
    }

    private async Task<SnapshotInfo> CaptureAsync(Snapshot snapshot, SnapshotSetStart? set, CancellationToken ct)
    {
        var store = await stores.OpenAsync(ct);
        using var turn = set is null ? await turns.TakeAsync(snapshot.Spec.VolumeId!, ct) : await set.JoinAsync(key.Name, ct);
        if (await store.FindAsync(key.Name, ct) is { } done)
        {
            // An earlier daemon got as far as this.
            await SettleAsync(snapshot, ct);
            return done;
        }

        if (SnapshotSet.Has(snapshot))
            return await FollowSetAsync(ct);
        for (var attempt = 1; ; attempt++)
        {
            var volume = RequireVolume(snapshot);
            try
            {
                if (await TryCaptureInUseAsync(snapshot, volume, ct) is { } taken)
                    return taken;
            }
            catch (Exception ex) when (attempt < AttemptsMax && ex is VolumeException { IsTransient: true } or NbdException or MachineDiskException { IsTransient: true })
            {
                // A server that ended is started again, and has what was taken; of a volume just detached it ends for good.
                await Task.Delay(AttemptPause, client.Time, ct);
                continue;
            }

            var since = await FindBaseAsync(snapshot, volume, ct);
            if (InstanceOf(volume) is { } instance)
            {
                var request = new DiskCaptureRequest(instance, volume.Metadata.Name, key.Name, since) { Key = volume.Status?.Key };
                if (await machines.BeginCapturesAsync([request], ct) is [var capture])
                {
                    var changesSince = capture.HasOnlyChanges ? since ?? snapshot.Status?.BaseSnapshotId : null;
                    if (capture.IsNew)
                        await SetCapturedAsync(s => Describe(s, capture.Stillness), changesSince, ct);
                    if (await CaptureOnlineAsync(snapshot, request, changesSince, ct) is { } info)
                        return info;
                }
            }

            // A machine that is just starting or ending has the file open, or is about to.
            if (IsInBetween(volume) || await TryHoldAsync(volume.Metadata.Name, ct) is false)
            {
                if (attempt == AttemptsMax)
                    throw new SnapshotException($"the machine of volume {volume.Metadata.Name} neither ran nor was stopped for {AttemptPause.TotalSeconds * AttemptsMax:0} s");
                await Task.Delay(AttemptPause, client.Time, ct);
                continue;
            }

            return await CaptureHeldAsync(snapshot, volume, since, ct);
        }
    }

    private Task<SnapshotInfo> CaptureHeldAsync(Snapshot snapshot, Volume volume, string? since, CancellationToken ct) =>
        volume.Status?.NbdSocket is not null ? CaptureServedAsync(snapshot, volume, ct) : CaptureOfflineAsync(snapshot, volume, since, ct);

    /// <summary>Null when the machine ended before the copy was whole: its disk can be read without it then.</summary>
    private async Task<SnapshotInfo?> CaptureOnlineAsync(Snapshot snapshot, DiskCaptureRequest request, string? since, CancellationToken ct)
    {
        try
        {
            if (await AwaitCopyAsync(request, ct) is not { } path)
                return null;
            SnapshotInfo? info = null;
            await offline.ServeAsync(new DiskFileAddress(path, "qcow2", keys.Open(request.VolumeId, request.Key)), key.Name, bitmap: null, async socket =>
                info = await CopyDiskAsync(snapshot, socket, key.Name, since is not null ? DiskCopy.DepthContext : null, since, ct), ct);
            await SettleAsync(snapshot, ct);
            return info;
        }
        catch (OperationCanceledException) when (!HasFailed)
        {
            throw; // the next daemon goes on with this capture; whoever deletes the snapshot ends it
        }
        catch
        {
            await machines.EndCaptureAsync(request, isKept: false, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Waits for QEMU's copy; its file, or null when the machine has ended before.</summary>
    private async Task<string?> AwaitCopyAsync(DiskCaptureRequest request, CancellationToken ct)
    {
        while (await machines.FollowCaptureAsync(request, ct) is { } progress)
        {
            if (progress.Path is not null)
                return progress.Path;
            await ShowProgressAsync((int)(progress.DoneBytes * CopyShare / Math.Max(progress.AllBytes, 1)), ct);
            await Task.Delay(_followPause, client.Time, ct);
        }

        return null;
    }

    private async Task<SnapshotInfo> CaptureOfflineAsync(Snapshot snapshot, Volume volume, string? since, CancellationToken ct)
    {
        var (path, format) = (volume.Status!.Path!, volume.Status.Format ?? "qcow2");
        try
        {
            var disk = new DiskFileAddress(path, format, keys.Open(volume.Metadata.Name, volume.Status.Key));
            var bitmaps = format == "qcow2" ? await offline.ListBitmapsAsync(path, ct) : [];
            var changes = since is not null && bitmaps.Contains((since, true)) ? since : null;
            await SetCapturedAsync(DescribeOffline, changes, ct);
            SnapshotInfo? info = null;
            await offline.ServeAsync(disk, key.Name, changes, async socket =>
                info = await CopyDiskAsync(snapshot, socket, key.Name, changes is null ? null : $"qemu:dirty-bitmap:{changes}", changes, ct), ct);
            if (format == "qcow2")
            {
                if (!bitmaps.Any(b => b.Name == key.Name))
                    await offline.AddBitmapAsync(disk, key.Name, ct);
                foreach (var (old, _) in bitmaps.Where(b => b.Name != key.Name))
                    await offline.RemoveBitmapAsync(disk, old, ct);
            }

            await SetChangesSinceAsync(volume.Metadata.Name, format == "qcow2" ? key.Name : null, ct);
            return info!;
        }
        finally
        {
            await ReleaseUnlessResumedAsync(snapshot, volume, ct);
        }
    }

    private async Task<SnapshotInfo> CopyDiskAsync(Snapshot snapshot, string socketPath, string exportName, string? changesContext, string? since, CancellationToken ct)
    {
        var store = await stores.OpenAsync(ct);
        await using var source = await DiskCopy.ConnectAsync(socketPath, exportName, changesContext, client.Time, ct);
        await using var writer = await store.ResumeAsync(key.Name, ct) ?? await store.BeginAsync(RequestOf(snapshot, changesContext is null ? null : since) with { IsEncrypted = IsEncrypted(snapshot) }, ct);
        var copy = new DiskCopy(source, writer, changesContext);
        await copy.RunAsync(percent => ShowProgressAsync(percent, ct), ct);
        _readBytes = copy.ReadBytes;
        return await writer.CompleteAsync(ct);
    }

    /// <summary>Ends a capture whose content is in the store: from now on the machine keeps account since it.</summary>
    private async Task SettleAsync(Snapshot snapshot, CancellationToken ct)
    {
        if (Volume(snapshot) is not { } volume)
            return;
        if (IsOfEngine(volume) && logs.ControlOf(volume.Metadata.Name) is { } control)
        {
            await SettleEngineAsync(volume.Metadata.Name, control, ct);
            await SetHoldAsync(volume.Metadata.Name, hold: null, ct);
            return;
        }

        if (InstanceOf(volume) is { } instance)
            await machines.EndCaptureAsync(new DiskCaptureRequest(instance, volume.Metadata.Name, key.Name, volume.Status?.ChangesSince), isKept: true, ct);
        await SetChangesSinceAsync(volume.Metadata.Name, key.Name, ct);
        await SetHoldAsync(volume.Metadata.Name, hold: null, ct);
    }

    /// <summary>The snapshot to build on: the one since which the volume keeps account, if the store still has it.</summary>
    public async Task<string?> FindBaseAsync(Snapshot snapshot, Volume volume, CancellationToken ct)
    {
        if (volume.Status?.ChangesSince is not { } since || since == snapshot.Metadata.Name)
            return null;
        var store = await stores.OpenAsync(ct);
        var info = await store.FindAsync(since, ct);
        return info is not null && (info.KeyId is not null) == IsEncrypted(snapshot) ? since : null;
    }

    /// <summary>What an encrypted volume holds is not written in plain.</summary>
    private bool IsEncrypted(Snapshot snapshot) => snapshot.Spec.Encrypted || Volume(snapshot) is { Spec.Encrypted: true };

    private Volume? Volume(Snapshot snapshot) => client.View.Get(StorageKinds.Volume, key.Namespace, snapshot.Spec.VolumeId!);

    /// <summary>The snapshot's volume, which has its content somewhere.</summary>
    /// <exception cref="SnapshotException">It does not exist, or was not made yet.</exception>
    public Volume RequireVolume(Snapshot snapshot)
    {
        var volume = Volume(snapshot) ?? throw new SnapshotException($"volume {snapshot.Spec.VolumeId} does not exist");
        if (volume.Status?.Path is null && volume.Status?.NbdSocket is null)
            throw new SnapshotException($"volume {volume.Metadata.Name} has no file yet: it is {volume.Status?.State ?? VolumeState.Creating}");
        return volume;
    }

    /// <summary>The instance that a volume is attached to.</summary>
    public static ResourceKey? InstanceOf(Volume volume) =>
        volume.Spec.Attachment is { InstanceId: { Length: > 0 } id } ? new ResourceKey(InstanceView.Resource, volume.Metadata.Namespace ?? "", id) : null;

    /// <summary>Whether a machine has a volume open, or is about to.</summary>
    public bool IsInBetween(Volume volume) =>
        InstanceOf(volume) is { } instance
        && client.View.Get(instance)?.View(ForeignJson.Default.InstanceView) is { } view
        && (view.HasMachine || view.Status?.State is "pending");

    /// <summary>Keeps machines from opening the file; false when a machine is about to.</summary>
    public async Task<bool> TryHoldAsync(string volumeId, CancellationToken ct)
    {
        await SetHoldAsync(volumeId, Hold, ct);
        var volume = client.View.Get(StorageKinds.Volume, key.Namespace, volumeId);
        if (volume is { Status.Hold: { } hold } && hold == Hold && !IsInBetween(volume))
            return true;
        await SetHoldAsync(volumeId, hold: null, ct);
        return false;
    }

    /// <summary>Gives a volume back to machines, if it was our own hold that kept them from it.</summary>
    public Task ReleaseHoldAsync(string volumeId) => SetHoldAsync(volumeId, hold: null, CancellationToken.None);

    /// <summary>Sets our hold, or takes it away; somebody else's stays.</summary>
    private Task SetHoldAsync(string volumeId, string? hold, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Volume, StorageKinds.Volume.Key(key.Namespace, volumeId), v =>
        {
            if (v.Status is not { } status || status.Hold == hold || (status.Hold is not null && status.Hold != Hold))
                return false;
            status.Hold = hold;
            return true;
        }, ct);

    private Task SetChangesSinceAsync(string volumeId, string? since, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Volume, StorageKinds.Volume.Key(key.Namespace, volumeId), v =>
        {
            if (v.Status is not { } status || status.ChangesSince == since)
                return false;
            status.ChangesSince = since;
            return true;
        }, ct);

    /// <summary>Says what a moment of a running machine is worth.</summary>
    public static void Describe(SnapshotStatus status, GuestStillness? stillness)
    {
        status.Consistency = stillness?.FrozenFor is not null ? "file-system" : "crash";
        status.FrozenMilliseconds = stillness?.FrozenFor is { } frozen ? Math.Round(frozen.TotalMilliseconds, 1) : null;
        status.Message = stillness?.Note;
    }

    private static void DescribeOffline(SnapshotStatus status) => (status.Consistency, status.Message) = ("offline", null);

    private Task SetCapturedAsync(Action<SnapshotStatus> describe, string? baseSnapshotId, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Snapshot, key, s =>
        {
            // Of a set the moment is that of all.
            if (!SnapshotSet.Has(s))
                s.Status!.CapturedTime = client.Time.GetUtcNow();
            describe(s.Status!);
            s.Status!.BaseSnapshotId = baseSnapshotId;
            return true;
        }, ct);
}

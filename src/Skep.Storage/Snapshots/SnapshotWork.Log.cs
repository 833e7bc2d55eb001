using Skep.Blocks.Chunks;
using Skep.Blocks.Nbd;
using Skep.Core.Machines;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;
using Skep.Storage.Volumes;

namespace Skep.Storage.Snapshots;

/// <summary>
/// Snapshots of log-structured volumes. The engine takes one of its own at once, under the same id; what has changed since
/// the one before is read from it, whoever writes to the volume meanwhile, and however often server, machine and daemon
/// were started in between. The newest stays in the engine for the next comparison.
/// </summary>
internal sealed partial class SnapshotWork
{
    /// <summary>Whether a volume is one of the engine's.</summary>
    private bool IsOfEngine(Volume volume) =>
        volume.Status?.NbdSocket is not null && PoolPlaces.PoolOf(volume, client.View) is { Spec.Class: StoragePoolClass.Log };

    /// <summary>Takes it of a volume that is in use, by the server that it has; null when that server is of an older program.</summary>
    /// <exception cref="VolumeException">The server cannot be asked, maybe only now.</exception>
    private async Task<SnapshotInfo?> TryCaptureInUseAsync(Snapshot snapshot, Volume volume, CancellationToken ct) =>
        volume.Spec.Attachment is not null && IsOfEngine(volume) && logs.ControlOf(volume.Metadata.Name) is { } control
            ? await CaptureByEngineAsync(snapshot, volume, control, ct)
            : null;

    /// <summary>Reads a log-structured volume that no machine has open, through its server; the volume is held for that time.</summary>
    private async Task<SnapshotInfo> CaptureServedAsync(Snapshot snapshot, Volume volume, CancellationToken ct)
    {
        try
        {
            var pool = PoolPlaces.PoolOf(volume, client.View) ?? throw new SnapshotException($"volume {volume.Metadata.Name} is in no pool");
            await logs.ServeAsync(places.PlaceOf(pool, volume), ct);
            if (logs.ControlOf(volume.Metadata.Name) is { } control)
                return await CaptureByEngineAsync(snapshot, volume, control, ct);
            await SetCapturedAsync(DescribeOffline, baseSnapshotId: null, ct);
            return await CopyDiskAsync(snapshot, volume.Status!.NbdSocket!, volume.Status.NbdExport ?? "", changesContext: null, since: null, ct);
        }
        catch (VolumeException ex)
        {
            throw new SnapshotException(ex.Message);
        }
        finally
        {
            await ReleaseUnlessResumedAsync(snapshot, volume, ct);
        }
    }

    private async Task<SnapshotInfo> CaptureByEngineAsync(Snapshot snapshot, Volume volume, VolumeControlClient control, CancellationToken ct)
    {
        var there = await control.ListAsync(ct);
        var isTaken = there.Contains(key.Name);
        var isMarked = client.View.Get(StorageKinds.Snapshot, key.Namespace, key.Name)?.Status?.CapturedTime is not null;
        if (isTaken && !isMarked)
            await control.DeleteSnapshotAsync(key.Name, ct); // of a moment that nobody wrote down
        var since = await FindBaseAsync(snapshot, volume, ct) is { } id && there.Contains(id) ? id : null;
        if (!isTaken || !isMarked)
        {
            var describe = await TakeByEngineAsync(volume, control, ct);
            await SetCapturedAsync(describe, since, ct);
        }

        var info = await CopyDiskAsync(
            snapshot, volume.Status!.NbdSocket!, LogVolumeExports.NameOf(volume.Metadata.Name, key.Name), since is null ? null : LogVolumeExports.ChangesSince(since), since, ct);
        await SettleEngineAsync(volume.Metadata.Name, control, ct);
        return info;
    }

    /// <summary>Takes the engine's snapshot, while the guest's file systems stand still if it can be; returns what the moment is worth.</summary>
    private async Task<Action<SnapshotStatus>> TakeByEngineAsync(Volume volume, VolumeControlClient control, CancellationToken ct)
    {
        var taken = Task.CompletedTask;
        var isOpen = IsInBetween(volume);
        var stillness = InstanceOf(volume) is { } instance ? await machines.StandStillAsync(instance, BeginAsync, ct) : null;
        if (stillness is null)
            await BeginAsync();
        await taken; // in the store
        return stillness is null && !isOpen ? DescribeOffline : s => Describe(s, stillness);

        async Task BeginAsync()
        {
            var moment = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            taken = control.SnapshotAsync(key.Name, moment.SetResult, ct);
            if (await Task.WhenAny(moment.Task, taken) == taken)
                await taken;
        }
    }

    /// <summary>From now on changes are those since this one: the engine need not remember any other.</summary>
    private async Task SettleEngineAsync(string volumeId, VolumeControlClient control, CancellationToken ct)
    {
        await SetChangesSinceAsync(volumeId, key.Name, ct);
        try
        {
            foreach (var older in await control.ListAsync(ct))
            {
                if (older != key.Name)
                    await control.DeleteSnapshotAsync(older, ct);
            }
        }
        catch (VolumeException)
        {
            // It takes room in the store until the next snapshot is settled.
        }
    }

    /// <summary>Lets the engine forget the snapshot, which is not wanted any more; what cannot be asked now is done by the next one.</summary>
    private async Task ForgetByEngineAsync(Volume volume, CancellationToken ct)
    {
        if (!IsOfEngine(volume) || logs.ControlOf(volume.Metadata.Name) is not { } control)
            return;
        try
        {
            await control.DeleteSnapshotAsync(key.Name, ct);
        }
        catch (VolumeException)
        {
            // As above.
        }
    }

    /// <summary>A complete snapshot goes: what the engine kept of it is of no use to the next, which must begin anew.</summary>
    public async Task ForgetBaseAsync(Snapshot snapshot, CancellationToken ct)
    {
        using var turn = turns.TryTake(snapshot.Spec.VolumeId!);
        if (turn is null || Volume(snapshot) is not { } volume || volume.Status?.ChangesSince != key.Name || !IsOfEngine(volume))
            return; // a snapshot that is being taken just now settles it
        await SetChangesSinceAsync(volume.Metadata.Name, since: null, ct);
        await ForgetByEngineAsync(volume, ct);
    }
}

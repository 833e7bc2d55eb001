using Skep.Blocks.Chunks;
using Skep.Core.Machines;
using Skep.Storage.Kinds;

namespace Skep.Storage.Snapshots;

internal sealed partial class SnapshotWork
{
    /// <summary>Whether somebody has written that the snapshot failed: another one of its set.</summary>
    private bool HasFailed => client.View.Get(StorageKinds.Snapshot, key.Namespace, key.Name)?.Status?.State == SnapshotState.Error;

    /// <summary>Stores what was captured at the moment of the set. What was lost since cannot be captured again: the moment is over.</summary>
    private async Task<SnapshotInfo> FollowSetAsync(CancellationToken ct)
    {
        var snapshot = client.View.Get(StorageKinds.Snapshot, key.Namespace, key.Name) ?? throw new SnapshotException("the snapshot was removed");
        foreach (var name in snapshot.Spec.TakenWith!)
        {
            if (client.View.Get(StorageKinds.Snapshot, key.Namespace, name)?.Status is { State: SnapshotState.Error } status)
                throw new SnapshotException(SnapshotSet.Failed(name, status.Message));
        }

        var volume = RequireVolume(snapshot);
        if (volume.Status!.Hold == Hold)
            return await CaptureHeldAsync(snapshot, volume, await FindBaseAsync(snapshot, volume, ct), ct);
        if (InstanceOf(volume) is { } instance)
        {
            var request = new DiskCaptureRequest(instance, volume.Metadata.Name, key.Name, volume.Status.ChangesSince) { Key = volume.Status.Key };
            if (await CaptureOnlineAsync(snapshot, request, snapshot.Status?.BaseSnapshotId, ct) is { } info)
                return info;
        }

        throw new SnapshotException($"the machine that has {volume.Metadata.Name} ended before the copy of {snapshot.Status?.CapturedTime:O} was whole; take the snapshots again");
    }

    /// <summary>Gives a held volume back, unless the daemon ends in the middle of a set: the next one goes on where the moment still lasts.</summary>
    private async Task ReleaseUnlessResumedAsync(Snapshot snapshot, Volume volume, CancellationToken ct)
    {
        if (!ct.IsCancellationRequested || !SnapshotSet.Has(snapshot) || HasFailed)
            await ReleaseHoldAsync(volume.Metadata.Name);
    }

    /// <summary>Writes down that the snapshot failed, and with it those of its set that are not complete yet.</summary>
    public async Task FailAsync(Snapshot snapshot, string message, CancellationToken ct)
    {
        var isBegun = false;
        await client.ModifyAsync(StorageKinds.Snapshot, key, s =>
        {
            if (s.Status!.State != SnapshotState.Pending)
                return false;
            isBegun = s.Status.CapturedTime is not null;
            s.Status.State = SnapshotState.Error;
            s.Status.Message = message;
            return true;
        }, ct);
        foreach (var name in SnapshotSet.Has(snapshot) ? snapshot.Spec.TakenWith! : [])
        {
            // What was written about this one ends its work, this too: the others must be told all the same.
            await client.ModifyAsync(StorageKinds.Snapshot, StorageKinds.Snapshot.Key(key.Namespace, name), s =>
            {
                if (s.Status is not { State: SnapshotState.Pending } status)
                    return false;
                status.State = SnapshotState.Error;
                status.Message = isBegun ? SnapshotSet.Failed(key.Name, message) : message;
                return true;
            }, CancellationToken.None);
        }
    }
}

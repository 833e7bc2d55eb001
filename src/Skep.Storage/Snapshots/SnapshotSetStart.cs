using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Storage.Kinds;

namespace Skep.Storage.Snapshots;

/// <summary>
/// The moment of a set of snapshots: takes the turns of all their volumes together, begins the captures of all of them in one
/// step, or keeps machines from opening any of them, and writes the moment into all in one transaction. From there each
/// snapshot's own work goes on, with the turn that it gets here.
/// </summary>
internal sealed class SnapshotSetStart(ResourceClient client, IMachineDisks machines, VolumeTurns turns, IReadOnlyList<Snapshot> members, Func<ResourceKey, SnapshotWork> workOf)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<string> _left = new(StringComparer.Ordinal);
    private IReadOnlyList<IDisposable> _turns = [];
    private bool _isBegun;

    /// <summary>Begins; the outcome is what <see cref="JoinAsync"/> tells each member.</summary>
    /// <param name="ct">The daemon ends: nothing is decided.</param>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            var taken = await turns.TakeAsync([.. members.Select(m => m.Spec.VolumeId!)], ct);
            lock (_lock)
                _turns = taken;
            await BeginAsync(ct);
            lock (_lock)
                _isBegun = true;
            _begun.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            _begun.TrySetCanceled(ct);
        }
        catch (Exception ex)
        {
            _begun.TrySetException(ex);
        }
        finally
        {
            ReleaseUnwanted();
        }
    }

    /// <summary>Waits for the moment; returns the member's turn at its volume, which the caller ends.</summary>
    /// <exception cref="SnapshotException">The set is not taken.</exception>
    /// <exception cref="MachineDiskException">The same.</exception>
    public async Task<IDisposable> JoinAsync(string name, CancellationToken ct)
    {
        try
        {
            await _begun.Task.WaitAsync(ct);
            return _turns[IndexOf(name)];
        }
        catch (OperationCanceledException)
        {
            Leave(name);
            throw;
        }
    }

    /// <summary>A member is not wanted any more, or the daemon ends. Before the moment, a deleted one is the end of the set.</summary>
    private void Leave(string name)
    {
        lock (_lock)
        {
            _left.Add(name);
            if (_isBegun)
                _turns[IndexOf(name)].Dispose();
        }
    }

    private void ReleaseUnwanted()
    {
        lock (_lock)
        {
            for (var i = 0; i < _turns.Count; i++)
            {
                if (!_isBegun || _left.Contains(members[i].Metadata.Name))
                    _turns[i].Dispose();
            }
        }
    }

    private int IndexOf(string name) => members.Select((m, i) => (m, i)).First(p => p.m.Metadata.Name == name).i;

    private async Task BeginAsync(CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var parts = await PlanAsync(ct);
            if (await TryBeginOnlineAsync(parts, ct) || await TryHoldAllAsync(parts, ct))
                return;
            if (attempt == SnapshotWork.AttemptsMax)
                throw new SnapshotException($"the machine of volumes {string.Join(", ", parts.Select(p => p.VolumeId))} neither ran with all of them nor was stopped for {(SnapshotWork.AttemptPause * attempt).TotalSeconds:0} s");
            await Task.Delay(SnapshotWork.AttemptPause, client.Time, ct);
        }
    }

    private async Task<List<Part>> PlanAsync(CancellationToken ct)
    {
        var parts = new List<Part>();
        foreach (var member in members)
        {
            var key = StorageKinds.Snapshot.Key(member.Metadata.Namespace ?? "", member.Metadata.Name);
            if (client.View.Get(key) is not { Metadata.DeletionTimestamp: null })
                throw new SnapshotException(SnapshotSet.Deleted(key.Name));
            var work = workOf(key);
            var volume = work.RequireVolume(member);
            parts.Add(new Part(key, work, volume.Metadata.Name, volume.Status?.Key, SnapshotWork.InstanceOf(volume), await work.FindBaseAsync(member, volume, ct), work.IsInBetween(volume)));
        }

        return parts;
    }

    /// <summary>Captures the disks of the machine that has all of them; false when there is none.</summary>
    private async Task<bool> TryBeginOnlineAsync(List<Part> parts, CancellationToken ct)
    {
        if (parts.Select(p => p.Instance).Distinct().Count() > 1)
        {
            if (parts.Find(p => p.IsInBetween) is not { } open)
                return false;
            var other = parts.First(p => p.Instance != open.Instance);
            throw new SnapshotException($"volume {open.VolumeId} is a disk of {open.Instance!.Value.Name}, which has a machine, and volume {other.VolumeId} is not: one moment is of the disks of one machine, or of volumes that no machine has");
        }

        if (parts[0].Instance is not { } instance)
            return false;
        var requests = parts.ConvertAll(p => new DiskCaptureRequest(instance, p.VolumeId, p.Key.Name, p.Since) { Key = p.DiskKey });
        if (await machines.BeginCapturesAsync(requests, ct) is not { } captures)
            return false;
        await MarkAsync(
            parts,
            (status, i) =>
            {
                SnapshotWork.Describe(status, captures[i].Stillness);
                status.BaseSnapshotId = captures[i].HasOnlyChanges ? parts[i].Since : null;
            },
            ct);
        return true;
    }

    /// <summary>Keeps machines from opening any of the volumes: while all are held, none changes. False when one has or is about to.</summary>
    private async Task<bool> TryHoldAllAsync(List<Part> parts, CancellationToken ct)
    {
        if (parts.Exists(p => p.IsInBetween))
            return false;
        var held = new List<Part>();
        try
        {
            foreach (var part in parts)
            {
                held.Add(part);
                if (!await part.Work.TryHoldAsync(part.VolumeId, ct))
                    break;
                if (held.Count < parts.Count)
                    continue;
                await MarkAsync(parts, (status, _) => status.Consistency = "offline", ct);
                held.Clear();
                return true;
            }

            return false;
        }
        finally
        {
            foreach (var part in held)
                await part.Work.ReleaseHoldAsync(part.VolumeId);
        }
    }

    /// <summary>Writes the moment down, in all or none. What the machine has begun is found again when that fails.</summary>
    private async Task MarkAsync(List<Part> parts, Action<SnapshotStatus, int> change, CancellationToken ct)
    {
        const int AttemptsMax = 16;
        for (var attempt = 1; ; attempt++)
        {
            var transaction = client.Begin();
            var now = client.Time.GetUtcNow();
            for (var i = 0; i < parts.Count; i++)
            {
                if (transaction.View.Get(parts[i].Key) is not { } resource)
                    continue; // deleted by force at the very moment
                var snapshot = StorageKinds.Snapshot.Decode(resource);
                snapshot.Status ??= new SnapshotStatus();
                snapshot.Status.CapturedTime = now;
                change(snapshot.Status, i);
                transaction.Update(StorageKinds.Snapshot, snapshot, WriteScope.Status);
            }

            try
            {
                await transaction.CommitAsync(ct);
                return;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict && attempt < AttemptsMax)
            {
                // Somebody wrote one of them: write all again.
            }
        }
    }

    /// <summary>What of a member is needed to begin it.</summary>
    private sealed record Part(ResourceKey Key, SnapshotWork Work, string VolumeId, DiskKey? DiskKey, ResourceKey? Instance, string? Since, bool IsInBetween);
}

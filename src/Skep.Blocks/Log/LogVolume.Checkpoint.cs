using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    private readonly SemaphoreSlim _checkpointing = new(1);
    private ulong _checkpointRequested;

    /// <summary>Writes the whole state to the store, so that opening need not read the records before it.</summary>
    public async Task CheckpointAsync(CancellationToken ct)
    {
        await DrainAsync(ct);
        if (await WriteCheckpointAsync(ct) is { } taken)
            await taken.Done.Task.WaitHereAsync(ct);
    }

    /// <summary>Saves what a record asks for right after it, while the state is exactly the one to save.</summary>
    private async Task SaveAfterCommitAsync(ManifestRecord record)
    {
        try
        {
            if (record.Changes is [.., SnapshotCreated snapshot])
                await SaveSnapshotAsync(_state, snapshot.Id, _stop.Token);
            ulong since = Math.Max(_checkpointRequested, _state.Checkpoint?.CheckpointNumber ?? 0);
            if (record.Number - since >= (ulong)_settings.CheckpointRecords)
            {
                _checkpointRequested = record.Number;
                await WriteCheckpointAsync(_stop.Token);
            }
        }
        catch (ObjectStoreException ex)
        {
            Report(LogVolumeEventKind.StoreFailed, $"volume {Name}: a checkpoint could not be stored: {ex.Message}; tried again later", ex);
        }
    }

    /// <summary>Stores a snapshot's state, and enters that it has been stored.</summary>
    private async Task SaveSnapshotAsync(VolumeState state, string id, CancellationToken ct)
    {
        var data = CheckpointCodec.Write(state);
        string key = VolumeNames.Snapshot(Name, state.Number);
        await _store.RetryAsync(() => _settings.Store.PutAsync(key, [data], PutCondition.None, ct), ct);
        Enqueue([new SnapshotSaved(id)]);
    }

    /// <summary>One at a time, so that a younger checkpoint is never entered before an older one.</summary>
    private async Task<PendingCommit?> WriteCheckpointAsync(CancellationToken ct)
    {
        await _checkpointing.EnterAsync(ct);
        try
        {
            return await WriteOneCheckpointAsync(ct);
        }
        finally
        {
            _checkpointing.Release();
        }
    }

    private async Task<PendingCommit?> WriteOneCheckpointAsync(CancellationToken ct)
    {
        ReadOnlyMemory<byte> data;
        CheckpointTaken taken;
        await _stateGate.EnterAsync(ct);
        try
        {
            // A snapshot that has no state of its own yet is made from the checkpoint before it: no newer one may come.
            if (_state.Snapshots.Exists(s => !s.IsSaved) || _state.Checkpoint?.CheckpointNumber == _state.Number)
                return null;
            taken = new CheckpointTaken(_state.Number, _state.Nonce);
            data = CheckpointCodec.Write(_state);
        }
        finally
        {
            _stateGate.Release();
        }
        await _store.RetryAsync(() => _settings.Store.PutAsync(VolumeNames.Checkpoint(Name, taken.CheckpointNumber), [data], PutCondition.None, ct), ct);
        await _store.RetryAsync(() => _settings.Store.PutAsync(VolumeNames.Head(Name), [VolumeHead.Write(taken.CheckpointNumber, _identity.VolumeId)], PutCondition.None, ct), ct);
        var commit = Enqueue([taken]);
        _maintenanceSignal.Set();
        return commit;
    }
}

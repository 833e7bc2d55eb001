namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>Batches in one record: applying them holds the lock.</summary>
    private const int BatchesPerRecord = 4;

    /// <summary>Held while the state changes or is written out, so that a long read of it needs no lock.</summary>
    private readonly SemaphoreSlim _stateGate = new(1);

    /// <summary>Objects that were deleted and are still in the state.</summary>
    private readonly HashSet<uint> _purged = [];

    /// <summary>A trimming that the manifest log was not told of yet.</summary>
    private LogTrimmed? _trimmed;

    /// <summary>Puts changes into the manifest log after everything that waits already.</summary>
    private PendingCommit Enqueue(IReadOnlyList<ManifestChange> changes)
    {
        var commit = new PendingCommit { Changes = changes };
        lock (_gate)
        {
            ThrowIfFailed();
            _commits.Enqueue(commit);
        }
        _commitSignal.Set();
        return commit;
    }

    /// <summary>Writes the manifest log: one record at a time, in the order in which things were written.</summary>
    private async Task CommitLoopAsync()
    {
        await Task.Yield();
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var ready = TakeReady();
                if (ready.Count == 0)
                    await _commitSignal.WaitAsync(Forever, Time, _stop.Token);
                else
                    await CommitAsync(ready);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception ex)
        {
            StopAndReport(ex.Message, ex);
        }
    }

    /// <summary>What is at the head of the queue and complete. An older batch is never overtaken.</summary>
    private List<PendingCommit> TakeReady()
    {
        List<PendingCommit> ready = [];
        lock (_gate)
        {
            foreach (var commit in _commits)
            {
                if (commit.Changes is null || ready.Count == BatchesPerRecord)
                    break;
                ready.Add(commit);
                if (commit.EndsRecord)
                    break;
            }
        }
        return ready;
    }

    private async Task CommitAsync(List<PendingCommit> ready)
    {
        List<ManifestChange> changes = [];
        lock (_gate)
        {
            if (_purged.Count > 0)
                changes.Add(new ObjectsPurged([.. _purged]));
            if (_trimmed is not null)
                changes.Add(_trimmed);
            _trimmed = null;
        }
        foreach (var commit in ready)
            changes.AddRange(commit.Changes!);
        var record = new ManifestRecord(_state.Number + 1, _state.Epoch, _settings.Services.NewId(), _state.Nonce, changes);
        await _stateGate.EnterAsync(_stop.Token);
        try
        {
            if (!await _manifest.AppendAsync(record, _stop.Token))
            {
                Fence(record.Number);
                return;
            }
            Apply(record, ready);
        }
        finally
        {
            _stateGate.Release();
        }
        foreach (var commit in ready)
            commit.Done.TrySetResult(record.Number);
        await SaveAfterCommitAsync(record);
    }

    private void Apply(ManifestRecord record, List<PendingCommit> ready)
    {
        lock (_gate)
        {
            _state.Apply(record, VolumeNames.Record(Name, record.Number));
            foreach (var commit in ready)
            {
                _commits.Dequeue();
                if (commit.Batch is not { } batch)
                    continue;
                Forget(batch);
                _wal.Release(batch.LastSequence);
            }
            if (record.Changes is [ObjectsPurged purged, ..])
                _purged.ExceptWith(purged.Ids);
        }
    }

    /// <summary>Takes out of the log's map what the store has now, unless it was written again since.</summary>
    private void Forget(Batch batch)
    {
        List<Extent> found = [];
        foreach (var gone in batch.Map.All())
        {
            found.Clear();
            _walMap.Collect(gone.Start, gone.End, found);
            foreach (var extent in found)
                if (extent.Source == gone.Source && extent.Offset == gone.Clip(extent.Start, extent.End).Offset)
                    _walMap.Remove(extent.Start, extent.End, displaced: null);
        }
    }

    private void Fence(ulong number)
    {
        string message = $"another writer has taken volume {Name}: record {number} of its manifest log is not the one of epoch {_state.Epoch}; what was not in the store before is in the local log alone and will not be replayed";
        lock (_gate)
            _isFenced = true;
        Report(LogVolumeEventKind.Fenced, message, null);
        Stop(new BlockDeviceException(BlockError.Shutdown, message));
    }
}

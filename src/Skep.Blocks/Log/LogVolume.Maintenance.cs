namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>Objects deleted before the manifest log is told.</summary>
    private const int PurgeMax = 256;

    private readonly AsyncSignal _maintenanceSignal = new();
    private readonly SemaphoreSlim _maintaining = new(1);
    private ulong _trimmedBelow;
    private bool _isSwept;

    private async Task MaintenanceLoopAsync()
    {
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await MaintainAsync(_stop.Token);
                await _maintenanceSignal.WaitAsync(_settings.CollectInterval, Time, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (BlockDeviceException) when (_stop.IsCancellationRequested || Volatile.Read(ref _isClosing))
            {
                return;
            }
            catch (Exception ex)
            {
                Report(LogVolumeEventKind.StoreFailed, $"volume {Name}: maintenance failed: {ex.Message}; tried again in {_settings.CollectInterval}", ex);
                try
                {
                    await Task.Delay(_settings.CollectInterval, Time, _stop.Token);
                }
                catch (OperationCanceledException) when (_stop.IsCancellationRequested)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Deletes what nothing needs and compacts objects of which little is needed, until that is no longer worth it.</summary>
    public async Task CollectGarbageAsync(CancellationToken ct)
    {
        lock (_gate)
            ThrowIfStopped();
        try
        {
            await MaintainAsync(ct);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            // Who asked did not cancel: the volume has stopped meanwhile, and its reason is the answer.
            lock (_gate)
                ThrowIfStopped();
            throw;
        }
    }

    private async Task MaintainAsync(CancellationToken ct)
    {
        await _maintaining.EnterAsync(ct);
        try
        {
            await SaveSnapshotsAsync(ct);
            await TrimLogAsync(ct);
            await SweepAsync(ct);
            await PurgeAsync(ct);
            await CompactAsync(ct);
            await PurgeAsync(ct);
        }
        finally
        {
            _maintaining.Release();
        }
    }

    /// <summary>Saves the state of snapshots whose saving failed when they were made.</summary>
    private async Task SaveSnapshotsAsync(CancellationToken ct)
    {
        List<SnapshotEntry> unsaved;
        lock (_gate)
            unsaved = _state.Snapshots.FindAll(s => !s.IsSaved);
        foreach (var snapshot in unsaved)
            await SaveSnapshotAsync(await LoadSnapshotAsync(snapshot, ct), snapshot.Id, ct);
    }

    /// <summary>
    /// Deletes the records and checkpoints before the older of the last two checkpoints, after the fence says so.
    /// </summary>
    private async Task TrimLogAsync(CancellationToken ct)
    {
        CheckpointTaken? keep;
        ulong last;
        lock (_gate)
        {
            last = _state.Number;
            keep = _state.Snapshots.Exists(s => !s.IsSaved) ? null : _state.PreviousCheckpoint;
        }
        if (keep is null || keep.CheckpointNumber <= _trimmedBelow)
            return;
        ulong fence = await _manifest.TryFenceAsync(last, ct);
        if (fence == 0)
            return;
        await DeleteBelowAsync(VolumeNames.Records(Name), keep.CheckpointNumber, ct);
        await DeleteBelowAsync(VolumeNames.Checkpoints(Name), keep.CheckpointNumber, ct);
        _trimmedBelow = keep.CheckpointNumber;
        // With the next record that has a reason of its own: trimming must not be one for the next checkpoint.
        lock (_gate)
            _trimmed = new LogTrimmed(fence);
    }

    private async Task DeleteBelowAsync(string prefix, ulong number, CancellationToken ct)
    {
        List<string> keys = [];
        await foreach (var item in _settings.Store.ListAsync(prefix, after: null, ct))
        {
            if (!VolumeNames.TryParseNumber(prefix, item.Key, out ulong found) || found >= number)
                break;
            keys.Add(item.Key);
        }
        foreach (string key in keys)
            await _settings.Store.DeleteAsync(key, ct);
    }

    /// <summary>Deletes, once, what earlier openings stored and no record of the manifest log speaks of: data objects, states of snapshots.</summary>
    private async Task SweepAsync(CancellationToken ct)
    {
        if (_isSwept)
            return;
        List<string> strays = [];
        await foreach (var item in _settings.Store.ListAsync(VolumeNames.DataPrefix(Name), after: null, ct))
        {
            if (!VolumeNames.TryParseData(Name, item.Key, out uint epoch, out uint id))
                continue;
            lock (_gate)
            {
                // No writer of an earlier epoch can enter it any more; this one's own may be on their way.
                bool isKnown = _state.Objects.TryGetValue(id, out var entry) && entry.Origin == 0 && entry.Epoch == epoch;
                if (epoch < _state.Epoch && !isKnown)
                    strays.Add(item.Key);
            }
        }
        // The state of a snapshot may have been stored by a late request, or by its saving while it was deleted.
        string snapshots = VolumeNames.Snapshots(Name);
        await foreach (var item in _settings.Store.ListAsync(snapshots, after: null, ct))
        {
            if (!VolumeNames.TryParseNumber(snapshots, item.Key, out ulong number))
                continue;
            lock (_gate)
                if (number <= _state.Number && !_state.Snapshots.Exists(s => s.RecordNumber == number))
                    strays.Add(item.Key);
        }
        foreach (string key in strays)
            await _settings.Store.DeleteAsync(key, ct);
        _isSwept = true;
    }

    /// <summary>Deletes objects that neither the volume nor a snapshot needs.</summary>
    private async Task PurgeAsync(CancellationToken ct)
    {
        HashSet<uint> done = [];
        while (true)
        {
            List<(uint Id, string? Key)> unneeded = [];
            lock (_gate)
            {
                ThrowIfStopped();
                foreach (uint id in _state.Dropped)
                {
                    var entry = _state.Objects[id];
                    if (unneeded.Count < PurgeMax && !done.Contains(id) && !_purged.Contains(id) && _state.IsUnneeded(entry))
                        unneeded.Add((id, entry.Origin == 0 ? _state.ObjectKey(entry) : null));
                }
            }
            if (unneeded.Count == 0)
                return;
            foreach (var (id, key) in unneeded)
            {
                done.Add(id);
                // Asked again just before: a snapshot may have been entered since.
                bool isNeeded;
                lock (_gate)
                    isNeeded = _isFenced || !_state.IsUnneeded(_state.Objects[id]);
                if (isNeeded)
                    continue;
                if (key is not null)
                    await _settings.Store.DeleteAsync(key, ct);
                lock (_gate)
                    _purged.Add(id);
            }
        }
    }
}

using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>The snapshots, the oldest first.</summary>
    public IReadOnlyList<LogSnapshot> Snapshots
    {
        get
        {
            lock (_gate)
                return [.. _state.Snapshots.Select(ToSnapshot)];
        }
    }

    /// <summary>
    /// Makes a snapshot of everything written before the call, without a pause for writers; returns when the store has it.
    /// A volume that still reads from a base is hydrated first.
    /// </summary>
    /// <exception cref="BlockDeviceException">There is one of that id.</exception>
    public Task<LogSnapshot> SnapshotAsync(string id, CancellationToken ct) => SnapshotAsync(id, static () => { }, ct);

    /// <summary>The same; tells as soon as nothing that is written later is part of it. What ends before the return leaves none.</summary>
    /// <param name="id">The snapshot's id.</param>
    /// <param name="onMoment">Called at that moment.</param>
    /// <param name="ct">Cancels the waiting.</param>
    /// <exception cref="BlockDeviceException">There is one of that id.</exception>
    public async Task<LogSnapshot> SnapshotAsync(string id, Action onMoment, CancellationToken ct)
    {
        VolumeNames.CheckSnapshot(id);
        await HydrateAsync(ct);
        await _control.EnterAsync(ct);
        try
        {
            PendingCommit commit;
            lock (_gate)
            {
                ThrowIfStopped();
                if (_state.FindSnapshot(id) is not null)
                    throw new BlockDeviceException(BlockError.NotSupported, $"volume {Name} has a snapshot {id} already");
                EndBatch();
                // Behind the batch in the queue, and last in its record: the state after that record is the snapshot.
                commit = new PendingCommit { EndsRecord = true, Changes = [new SnapshotCreated(id, Time.GetUtcNow().ToUnixTimeMilliseconds())] };
                _commits.Enqueue(commit);
            }
            _commitSignal.Set();
            onMoment();
            await commit.Done.Task.WaitHereAsync(ct);
            lock (_gate)
                return ToSnapshot(_state.FindSnapshot(id)!);
        }
        finally
        {
            _control.Release();
        }
    }

    /// <summary>Deletes a snapshot; objects that it alone needed are deleted after it.</summary>
    /// <exception cref="BlockDeviceException">There is none of that id, or it has clones.</exception>
    public async Task DeleteSnapshotAsync(string id, CancellationToken ct)
    {
        await _control.EnterAsync(ct);
        try
        {
            var snapshot = RequireSnapshot(id);
            List<ManifestChange> changes = [];
            foreach (var clone in ClonesOf(id))
            {
                if (await IsCloneAliveAsync(clone, ct))
                    throw new BlockDeviceException(BlockError.NotSupported, $"snapshot {id} of volume {Name} cannot be deleted: volume {clone.Volume} is a clone of it");
                changes.Add(new CloneRemoved(clone.Volume));
            }
            changes.Add(new SnapshotDeleted(id));
            await Enqueue(changes).Done.Task.WaitHereAsync(ct);
            await _store.RetryAsync(async () =>
            {
                await _settings.Store.DeleteAsync(VolumeNames.Snapshot(Name, snapshot.RecordNumber), ct);
                return true;
            }, ct);
            _maintenanceSignal.Set();
        }
        finally
        {
            _control.Release();
        }
    }

    /// <summary>Opens a snapshot for reading. It stays readable until it is deleted or this volume is closed.</summary>
    /// <exception cref="BlockDeviceException">There is none of that id.</exception>
    public async Task<IBlockDevice> OpenSnapshotAsync(string id, CancellationToken ct) =>
        new LogSnapshotDevice($"snapshot {id} of volume {Name}", await LoadSnapshotAsync(RequireSnapshot(id), ct), _blocks);

    /// <summary>Makes a volume that begins as a snapshot of this one and shares its objects.</summary>
    /// <exception cref="BlockDeviceException">There is no such snapshot, or there is a volume of that name.</exception>
    public async Task CloneAsync(string snapshotId, string newName, CancellationToken ct)
    {
        VolumeNames.Check(newName);
        await _control.EnterAsync(ct);
        try
        {
            var snapshot = RequireSnapshot(snapshotId);
            var services = _settings.Services;
            var reader = StoreReader.Of(_settings.Store, newName, services);
            // The name first: as long as it exists, the snapshot is not deleted. Then the entry here, then the clone itself.
            var identity = await CreateIdentityAsync(reader, newName, new VolumeIdentity(services.NewId(), services.NewId(), Name, _identity.VolumeId), ct);
            await Enqueue([new CloneRegistered(newName, identity.VolumeId, snapshotId)]).Done.Task.WaitHereAsync(ct);
            var state = await LoadSnapshotAsync(snapshot, ct);
            var first = CheckpointCodec.Write(CloneOf(state, newName, identity.VolumeId));
            await reader.RetryAsync(() => _settings.Store.PutAsync(VolumeNames.Checkpoint(newName, 0), [first], PutCondition.None, ct), ct);
            List<ManifestChange> changes = [new VolumeCreated(snapshot.SizeBytes, state.ObjectBytes, state.Compression, HasBase: false, IsClone: true)];
            if (_key is not null)
            {
                string keyId = _settings.Keys!.CurrentKeyId;
                changes.Add(new KeyWrapped(keyId, _key.Wrap(_settings.Keys, keyId, identity.VolumeId, services.Random)));
            }
            await CreateFirstRecordAsync(reader, newName, identity, changes, ct);
        }
        finally
        {
            _control.Release();
        }
    }

    /// <summary>
    /// Where the content of two states may differ: what was written, zeroed or trimmed between them. Moving data in garbage
    /// collection is no change.
    /// </summary>
    /// <param name="fromSnapshotId">The older snapshot; null for an empty volume.</param>
    /// <param name="toSnapshotId">The younger one; null for what the store has of the volume now.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Ranges in order that neither overlap nor touch.</returns>
    public async Task<IReadOnlyList<LogRange>> ListChangedAsync(string? fromSnapshotId, string? toSnapshotId, CancellationToken ct)
    {
        var from = fromSnapshotId is null ? new VolumeState(Name, _identity.VolumeId) : await LoadSnapshotAsync(RequireSnapshot(fromSnapshotId), ct);
        if (toSnapshotId is not null)
            return MapDifference.Between(from, await LoadSnapshotAsync(RequireSnapshot(toSnapshotId), ct));
        await _stateGate.EnterAsync(ct);
        try
        {
            return MapDifference.Between(from, _state);
        }
        finally
        {
            _stateGate.Release();
        }
    }

    private static VolumeState CloneOf(VolumeState snapshot, string name, Guid volumeId)
    {
        var clone = new VolumeState(name, volumeId)
        {
            SizeBytes = snapshot.SizeBytes,
            ObjectBytes = snapshot.ObjectBytes,
            Compression = snapshot.Compression,
            NextObject = snapshot.NextObject,
        };
        clone.Origins.AddRange(snapshot.Origins);
        foreach (var entry in snapshot.Objects.Values.Where(o => o.LiveSectors > 0))
        {
            clone.Objects.Add(entry.Id, new ObjectEntry
            {
                Id = entry.Id,
                Epoch = entry.Epoch,
                Origin = entry.Origin + 1,
                Sectors = entry.Sectors,
                HeaderBytes = entry.HeaderBytes,
                StoredBytes = entry.StoredBytes,
                // All of it was there before the clone's first record.
                CreatedAt = 0,
                Birth = 0,
                LiveSectors = entry.LiveSectors,
            });
        }
        foreach (var extent in snapshot.Map.All())
            clone.Map.Set(extent, displaced: null);
        return clone;
    }

    private async Task<VolumeState> LoadSnapshotAsync(SnapshotEntry snapshot, CancellationToken ct)
    {
        var loader = new VolumeLoader(_store, Name);
        ulong checkpoint;
        lock (_gate)
            checkpoint = _state.Checkpoint?.CheckpointNumber ?? 0;
        return await loader.LoadSnapshotAsync(_identity, snapshot.RecordNumber, checkpoint, ct);
    }

    private SnapshotEntry RequireSnapshot(string id)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            return _state.FindSnapshot(id) ?? throw new BlockDeviceException(BlockError.NotSupported, $"volume {Name} has no snapshot {id}");
        }
    }

    private List<CloneRegistered> ClonesOf(string snapshotId)
    {
        lock (_gate)
            return [.. _state.Clones.Values.Where(c => c.SnapshotId == snapshotId)];
    }

    /// <summary>Whether a clone's volume still exists.</summary>
    private async Task<bool> IsCloneAliveAsync(CloneRegistered clone, CancellationToken ct)
    {
        string key = VolumeNames.Identity(clone.Volume);
        return await _store.ReadAsync(key, ct) is { } data && VolumeIdentity.Read(data, key).VolumeId == clone.VolumeId;
    }

    private static LogSnapshot ToSnapshot(SnapshotEntry entry) =>
        new(entry.Id, entry.RecordNumber, entry.SizeBytes, DateTimeOffset.FromUnixTimeMilliseconds(entry.CreatedUnixMs));
}

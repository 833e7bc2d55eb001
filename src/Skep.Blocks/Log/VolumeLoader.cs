namespace Skep.Blocks.Log;

/// <summary>Finds a volume's state in the store: the newest checkpoint that can be read, and every record after it.</summary>
internal sealed class VolumeLoader(StoreReader reader, string volume)
{
    private const int RecordsAhead = 8;

    /// <param name="State">The state at the end of the log.</param>
    /// <param name="Base">The record of the checkpoint that the state was made from, or record 1.</param>
    public readonly record struct Loaded(VolumeState State, ManifestBase Base);

    public async Task<VolumeIdentity> LoadIdentityAsync(CancellationToken ct)
    {
        string key = VolumeNames.Identity(volume);
        byte[] data = await reader.ReadAsync(key, ct)
            ?? throw new LogFormatException(LogFormatError.Missing, $"there is no volume {volume} in {reader.Store.Name}: it has no object {key}");
        return VolumeIdentity.Read(data, key);
    }

    /// <summary>Fails when the volume is being deleted.</summary>
    public async Task RefuseDeletedAsync(CancellationToken ct)
    {
        if (await reader.ReadAsync(VolumeNames.Deleted(volume), ct) is not null)
            throw new LogFormatException(LogFormatError.Missing, $"volume {volume} is being deleted");
    }

    /// <summary>The state at the end of the log.</summary>
    public async Task<Loaded> LoadAsync(VolumeIdentity identity, CancellationToken ct)
    {
        var state = await LoadNewestCheckpointAsync(identity, ct);
        var kept = state.Number == 0 ? new ManifestBase(1, identity.CreationNonce) : new ManifestBase(state.Number, state.Nonce);
        await FoldAsync(state, ulong.MaxValue, ct);
        if (state.Number == 0)
            throw new LogFormatException(LogFormatError.Missing, $"volume {volume} has neither a checkpoint that can be read nor {VolumeNames.Record(volume, 1)}: its making was not finished, or its log is lost");
        return new Loaded(state, kept);
    }

    /// <summary>The state at an earlier record.</summary>
    /// <param name="identity">The volume.</param>
    /// <param name="number">The record.</param>
    /// <param name="checkpoint">A checkpoint at or before it; 0 for none.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<VolumeState> LoadAtAsync(VolumeIdentity identity, ulong number, ulong checkpoint, CancellationToken ct)
    {
        var state = checkpoint == 0
            ? await StartAsync(identity, ct)
            : await LoadCheckpointAsync(VolumeNames.Checkpoint(volume, checkpoint), identity, ct)
              ?? throw new LogFormatException(LogFormatError.Missing, $"volume {volume} has no checkpoint {checkpoint}");
        await FoldAsync(state, number, ct);
        return state.Number == number
            ? state
            : throw new LogFormatException(LogFormatError.Missing, $"volume {volume} has no record {state.Number + 1}, which is needed for its state at {number}");
    }

    /// <summary>The state of a snapshot: saved by itself, or folded from the checkpoint before it.</summary>
    public async Task<VolumeState> LoadSnapshotAsync(VolumeIdentity identity, ulong number, ulong checkpoint, CancellationToken ct) =>
        await LoadCheckpointAsync(VolumeNames.Snapshot(volume, number), identity, ct)
        ?? await LoadAtAsync(identity, number, checkpoint <= number ? checkpoint : 0, ct);

    /// <summary>A checkpoint; null when it does not exist.</summary>
    public async Task<VolumeState?> LoadCheckpointAsync(string key, VolumeIdentity identity, CancellationToken ct) =>
        await reader.ReadAsync(key, ct) is { } data ? CheckpointCodec.Read(data, key, volume, identity.VolumeId) : null;

    public async Task<ManifestRecord?> LoadRecordAsync(ulong number, Guid volumeId, CancellationToken ct)
    {
        string key = VolumeNames.Record(volume, number);
        if (await reader.ReadAsync(key, ct) is not { } data)
            return null;
        var record = ManifestCodec.Read(data, key, volumeId);
        return record.Number == number
            ? record
            : throw new LogFormatException(LogFormatError.Damaged, $"{key} has record {record.Number}, expected {number}");
    }

    private async Task<VolumeState> LoadNewestCheckpointAsync(VolumeIdentity identity, CancellationToken ct)
    {
        HashSet<ulong> tried = [];
        LogFormatException? damage = null;
        async Task<VolumeState?> TryAsync(ulong number)
        {
            if (number == 0 || !tried.Add(number))
                return null;
            try
            {
                var state = await LoadCheckpointAsync(VolumeNames.Checkpoint(volume, number), identity, ct);
                // An overtaken writer may have left one behind that is older than what is kept of the log.
                bool isKept = state is not null && (await LoadRecordAsync(number, identity.VolumeId, ct))?.Nonce == state.Nonce;
                return isKept ? state : null;
            }
            catch (LogFormatException ex) when (ex.Error == LogFormatError.Damaged)
            {
                damage = ex;
                return null;
            }
        }
        // The hint alone is not trusted: a late request may have brought back an old one. Lists may lag behind it.
        SortedSet<ulong> numbers = [await LoadHintAsync(identity, ct)];
        string prefix = VolumeNames.Checkpoints(volume);
        await foreach (var item in reader.Store.ListAsync(prefix, after: null, ct))
            if (VolumeNames.TryParseNumber(prefix, item.Key, out ulong number))
                numbers.Add(number);
        foreach (ulong number in numbers.Reverse())
            if (await TryAsync(number) is { } state)
                return state;
        return damage is null || await LoadRecordAsync(1, identity.VolumeId, ct) is not null ? await StartAsync(identity, ct) : throw damage;
    }

    /// <summary>The state before record 1, or the checkpoint that a clone begins with.</summary>
    private async Task<VolumeState> StartAsync(VolumeIdentity identity, CancellationToken ct)
    {
        var first = await LoadRecordAsync(1, identity.VolumeId, ct);
        if (first is not { Changes: [VolumeCreated { IsClone: true }, ..] })
            return new VolumeState(volume, identity.VolumeId);
        return await LoadCheckpointAsync(VolumeNames.Checkpoint(volume, 0), identity, ct)
            ?? throw new LogFormatException(LogFormatError.Missing, $"volume {volume} is a clone without its first checkpoint");
    }

    private async Task<ulong> LoadHintAsync(VolumeIdentity identity, CancellationToken ct)
    {
        string key = VolumeNames.Head(volume);
        try
        {
            return await reader.ReadAsync(key, ct) is { } data ? VolumeHead.Read(data, key, identity.VolumeId) : 0;
        }
        catch (LogFormatException ex) when (ex.Error == LogFormatError.Damaged)
        {
            return 0;
        }
    }

    /// <summary>Applies the records that follow a state, until the log ends or a record is reached.</summary>
    private async Task FoldAsync(VolumeState state, ulong last, CancellationToken ct)
    {
        while (state.Number < last)
        {
            // Records are small and far: several are fetched at a time.
            int count = (int)Math.Min(RecordsAhead, last - state.Number);
            var fetched = new Task<ManifestRecord?>[count];
            for (int i = 0; i < count; i++)
                fetched[i] = LoadRecordAsync(state.Number + 1 + (ulong)i, state.VolumeId, ct);
            var records = await Task.WhenAll(fetched);
            for (int i = 0; i < count; i++)
            {
                ulong number = state.Number + 1;
                // A record after one that is missing was written while they were fetched, or the start is too old.
                bool isLast = Array.TrueForAll(records[i..], r => r is null);
                if (isLast)
                    return;
                var record = records[i] ?? await LoadRecordAsync(number, state.VolumeId, ct)
                    ?? throw new LogFormatException(LogFormatError.Missing, $"the log of volume {volume} has a gap: {VolumeNames.Record(volume, number)} is missing and later ones are there; a newer checkpoint than {VolumeNames.Head(volume)} says is needed, and the store does not list it yet");
                state.Apply(record, VolumeNames.Record(volume, record.Number));
            }
        }
    }
}

namespace Skep.Blocks.Log;

/// <summary>Finds a volume's state in the store: the newest checkpoint that can be read, and every record after it.</summary>
internal sealed class VolumeLoader(StoreReader reader, string volume)
{
    private const int RecordsAhead = 8;

    /// <summary>The number and nonce of the oldest record that the state was made from.</summary>
    /// <param name="State">The state at the end of the log.</param>
    /// <param name="BaseNumber">The checkpoint's record, or 1.</param>
    /// <param name="BaseNonce">That record's nonce.</param>
    public readonly record struct Loaded(VolumeState State, ulong BaseNumber, Guid BaseNonce);

    public async Task<VolumeIdentity> LoadIdentityAsync(CancellationToken ct)
    {
        string key = VolumeNames.Identity(volume);
        byte[] data = await reader.ReadAsync(key, ct)
            ?? throw new LogFormatException(LogFormatError.Missing, $"there is no volume {volume} in {reader.Store.Name}: it has no object {key}");
        return VolumeIdentity.Read(data, key);
    }

    /// <summary>The state at the end of the log.</summary>
    public async Task<Loaded> LoadAsync(VolumeIdentity identity, CancellationToken ct)
    {
        var (state, baseNonce) = await LoadNewestCheckpointAsync(identity, ct);
        ulong baseNumber = Math.Max(1, state.Number);
        await FoldAsync(state, ulong.MaxValue, ct);
        if (state.Number == 0)
            throw new LogFormatException(LogFormatError.Missing, $"volume {volume} has neither a checkpoint that can be read nor {VolumeNames.Record(volume, 1)}: its making was not finished, or its log is lost");
        return new Loaded(state, baseNumber, baseNonce == default ? identity.CreationNonce : baseNonce);
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

    private async Task<(VolumeState State, Guid BaseNonce)> LoadNewestCheckpointAsync(VolumeIdentity identity, CancellationToken ct)
    {
        HashSet<ulong> tried = [];
        LogFormatException? damage = null;
        async Task<VolumeState?> TryAsync(ulong number)
        {
            if (number == 0 || !tried.Add(number))
                return null;
            try
            {
                return await LoadCheckpointAsync(VolumeNames.Checkpoint(volume, number), identity, ct);
            }
            catch (LogFormatException ex) when (ex.Error == LogFormatError.Damaged)
            {
                damage = ex;
                return null;
            }
        }
        if (await TryAsync(await LoadHintAsync(identity, ct)) is { } hinted)
            return (hinted, hinted.Nonce);
        List<ulong> listed = [];
        string prefix = VolumeNames.Checkpoints(volume);
        await foreach (var item in reader.Store.ListAsync(prefix, after: null, ct))
            if (ulong.TryParse(item.Key.AsSpan(prefix.Length), System.Globalization.NumberStyles.AllowHexSpecifier, null, out ulong number))
                listed.Add(number);
        foreach (ulong number in listed.OrderDescending())
            if (await TryAsync(number) is { } state)
                return (state, state.Nonce);
        return damage is null || await LoadRecordAsync(1, identity.VolumeId, ct) is not null
            ? (await StartAsync(identity, ct), default)
            : throw damage;
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
            // Records are small and far: several are fetched at a time. Those after the first gap are not part of the log.
            int count = (int)Math.Min(RecordsAhead, last - state.Number);
            var fetched = new Task<ManifestRecord?>[count];
            for (int i = 0; i < count; i++)
                fetched[i] = LoadRecordAsync(state.Number + 1 + (ulong)i, state.VolumeId, ct);
            var records = await Task.WhenAll(fetched);
            foreach (var record in records)
            {
                if (record is null)
                    return;
                state.Apply(record, VolumeNames.Record(volume, record.Number));
            }
        }
    }
}

using System.Runtime.CompilerServices;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>Finds a volume's state in the store: the newest checkpoint that can be read, and every record after it.</summary>
internal sealed class VolumeLoader(StoreReader reader, string volume)
{
    private const int RecordsAhead = 8;

    /// <param name="State">The state at the end of the log.</param>
    /// <param name="Fence">The last entry of the fence.</param>
    public readonly record struct Loaded(VolumeState State, ulong Fence);

    public async Task<VolumeIdentity> LoadIdentityAsync(CancellationToken ct)
    {
        string key = VolumeNames.Identity(volume);
        byte[] data = await reader.ReadAsync(key, ct)
            ?? throw new LogFormatException(LogFormatError.Missing, $"there is no volume {volume} in {reader.Store.Name}: it has no object {key}");
        return VolumeIdentity.Read(data, key);
    }

    /// <summary>Whether the volume is being deleted.</summary>
    public async Task<bool> IsDeletedAsync(VolumeIdentity identity, CancellationToken ct)
    {
        // The mark of an earlier volume of this name may have come late.
        string key = VolumeNames.Deleted(volume);
        return await reader.ReadAsync(key, ct) is { } data && VolumeIdentity.Read(data, key).VolumeId == identity.VolumeId;
    }

    /// <summary>Fails when the volume is being deleted.</summary>
    public async Task RefuseDeletedAsync(VolumeIdentity identity, CancellationToken ct)
    {
        if (await IsDeletedAsync(identity, ct))
            throw new LogFormatException(LogFormatError.Missing, $"volume {volume} is being deleted");
    }

    /// <summary>The state at the end of the log.</summary>
    public async Task<Loaded> LoadAsync(VolumeIdentity identity, CancellationToken ct) =>
        await reader.RetryAsync(async () => await LoadOnceAsync(identity, ct), ct);

    private async Task<Loaded> LoadOnceAsync(VolumeIdentity identity, CancellationToken ct)
    {
        HashSet<ulong> tried = [];
        LogFormatException? failure = null;
        ulong newest = 0;
        await foreach (ulong checkpoint in FindCheckpointsAsync(identity, ct))
        {
            if (!tried.Add(checkpoint))
                continue;
            try
            {
                var state = checkpoint == 0 ? await StartAsync(identity, ct) : await LoadCheckpointAsync(VolumeNames.Checkpoint(volume, checkpoint), identity, ct);
                if (state is null)
                    continue;
                await FoldAsync(state, ulong.MaxValue, ct);
                if (state.Number == 0)
                    continue;
                var (fence, number) = await FollowFenceAsync(state, ct);
                if (state.Number >= number)
                    return new Loaded(state, fence);
                newest = Math.Max(newest, number);
            }
            catch (LogFormatException ex) when (ex.Error is LogFormatError.Damaged or LogFormatError.Missing)
            {
                // An older checkpoint and the records after it say the same.
                if (failure is not { Error: LogFormatError.Damaged })
                    failure = ex;
            }
        }
        // What is not there may have been trimmed meanwhile, by an opener whose checkpoint was not listed yet.
        if (newest == 0 && failure is not { Error: LogFormatError.Damaged })
            newest = (await FollowFenceAsync(new VolumeState(volume, identity.VolumeId), ct)).Number;
        if (newest > 0)
            throw new ObjectStoreException(ObjectStoreError.Unavailable, $"{reader.Store.Name}: volume {volume} is at record {newest} or later, and no checkpoint that leads there is listed yet");
        throw failure ?? new LogFormatException(LogFormatError.Missing, $"volume {volume} has neither a checkpoint that can be read nor {VolumeNames.Record(volume, 1)}: its making was not finished, or its log is lost");
    }

    /// <summary>Where the state may begin, the likeliest first: the hint, the listed ones, and 0 for the beginning.</summary>
    private async IAsyncEnumerable<ulong> FindCheckpointsAsync(VolumeIdentity identity, [EnumeratorCancellation] CancellationToken ct)
    {
        if (await LoadHintAsync(identity, ct) is > 0 and var hint)
            yield return hint;
        List<ulong> listed = [];
        string prefix = VolumeNames.Checkpoints(volume);
        await foreach (var item in reader.Store.ListAsync(prefix, after: null, ct))
            if (VolumeNames.TryParseNumber(prefix, item.Key, out ulong number))
                listed.Add(number);
        foreach (ulong number in listed.OrderDescending())
            yield return number;
        yield return 0;
    }

    /// <summary>The last entry of the fence, and the newest record that it tells of.</summary>
    private async Task<(ulong Fence, ulong Number)> FollowFenceAsync(VolumeState state, CancellationToken ct)
    {
        ulong fence = state.Fence, number = 0;
        while (await reader.ReadAsync(VolumeNames.Fence(volume, fence + 1), ct) is { } data)
            number = Math.Max(number, VolumeFence.Read(data, VolumeNames.Fence(volume, ++fence), state.VolumeId).RecordNumber);
        return (fence, number);
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
    public async Task<VolumeState> LoadSnapshotAsync(VolumeIdentity identity, ulong number, ulong checkpoint, CancellationToken ct)
    {
        string key = VolumeNames.Snapshot(volume, number);
        if (await LoadCheckpointAsync(key, identity, ct) is { } saved)
            return saved;
        try
        {
            return await LoadAtAsync(identity, number, checkpoint <= number ? checkpoint : 0, ct);
        }
        catch (LogFormatException ex) when (ex.Error == LogFormatError.Missing)
        {
            // Records are trimmed when every snapshot was saved: so was this one, meanwhile.
            if (await LoadCheckpointAsync(key, identity, ct) is { } late)
                return late;
            throw;
        }
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

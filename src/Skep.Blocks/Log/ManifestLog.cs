using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>
/// Appends to a volume's manifest log. A record's key is stored if absent, so of all writers one wins each number; who
/// loses has been overtaken, unless the winner is its own earlier attempt. Numbers of deleted records can be won again,
/// so whoever wins one also looks whether the fence has grown.
/// </summary>
/// <param name="settings">Store, name, retries.</param>
/// <param name="volumeId">The volume.</param>
/// <param name="session">This opening's nonce: the one of its fence entries.</param>
/// <param name="fence">Number of this opening's first fence entry.</param>
internal sealed class ManifestLog(LogVolumeSettings settings, Guid volumeId, Guid session, ulong fence)
{
    private const int NonceBytes = 16;

    private ulong _fence = fence;

    /// <summary>Takes the next number of the fence.</summary>
    /// <returns>False when another opener has it.</returns>
    public static async Task<bool> TryFenceAsync(LogVolumeSettings settings, Guid volumeId, ulong number, VolumeFence entry, CancellationToken ct)
    {
        string key = VolumeNames.Fence(settings.Name, number);
        var data = entry.Write(volumeId);
        return await RetryAsync(settings, key, async () =>
            await settings.Store.PutAsync(key, [data], PutCondition.IfAbsent, ct) || await HasNonceAsync(settings.Store, key, entry.Nonce, ct), ct);
    }

    /// <summary>Appends a record, however long the store takes to answer.</summary>
    /// <returns>Whether it is in the log; false when another writer has taken the volume.</returns>
    public async Task<bool> AppendAsync(ManifestRecord record, CancellationToken ct)
    {
        string key = VolumeNames.Record(settings.Name, record.Number);
        var data = ManifestCodec.Write(record, volumeId);
        // Each step is tried by itself: all of them at once would seldom succeed with a store that fails often.
        return await RetryAsync(settings, key, async () =>
            await settings.Store.PutAsync(key, [data], PutCondition.IfAbsent, ct) || await HasNonceAsync(settings.Store, key, record.Nonce, ct), ct)
            && await RetryAsync(settings, key, async () => await IsCurrentAsync(ct), ct);
    }

    /// <summary>Announces that records are about to be deleted.</summary>
    /// <param name="number">The last record of the log.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The entry's number; 0 when another writer has taken the volume.</returns>
    public async Task<ulong> TryFenceAsync(ulong number, CancellationToken ct)
    {
        ulong next = Volatile.Read(ref _fence) + 1;
        if (!await TryFenceAsync(settings, volumeId, next, new VolumeFence(session, number), ct))
            return 0;
        Volatile.Write(ref _fence, next);
        return next;
    }

    /// <summary>Whether no other opener has added to the fence, and the volume still exists.</summary>
    private async ValueTask<bool> IsCurrentAsync(CancellationToken ct)
    {
        ulong number = Volatile.Read(ref _fence);
        while (await FindNonceAsync(settings.Store, VolumeNames.Fence(settings.Name, number + 1), ct) is { } nonce)
        {
            // This writer's own trimming may just have added one.
            if (nonce != session)
                return false;
            number++;
        }
        return await HasNonceAsync(settings.Store, VolumeNames.Fence(settings.Name, number), session, ct);
    }

    private static async ValueTask<bool> HasNonceAsync(IObjectStore store, string key, Guid nonce, CancellationToken ct) =>
        await FindNonceAsync(store, key, ct) == nonce;

    /// <summary>The nonce that a record or fence entry begins with; null when it does not exist.</summary>
    private static async ValueTask<Guid?> FindNonceAsync(IObjectStore store, string key, CancellationToken ct)
    {
        byte[] found = new byte[NonceBytes];
        try
        {
            await store.GetAsync(key, VolumeFence.NonceAt, found, ct);
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            return null;
        }
        return new Guid(found, bigEndian: true);
    }

    private static async Task<bool> RetryAsync(LogVolumeSettings settings, string key, Func<Task<bool>> action, CancellationToken ct)
    {
        var pause = settings.RetryDelay;
        while (true)
        {
            try
            {
                return await action();
            }
            catch (ObjectStoreException ex)
            {
                settings.Services.OnEvent?.Invoke(new LogVolumeEvent(settings.Name, LogVolumeEventKind.StoreFailed, $"volume {settings.Name}: {key} could not be stored: {ex.Message}; trying again", ex));
                if (ex.Error == ObjectStoreError.Full)
                    pause = settings.RetryDelayMax;
            }
            await Task.Delay(pause, settings.Services.TimeProvider, ct);
            pause = pause * 2 < settings.RetryDelayMax ? pause * 2 : settings.RetryDelayMax;
        }
    }
}

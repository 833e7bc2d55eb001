using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>
/// Appends to a volume's manifest log: the fence. A record's key is stored if absent, so of all writers one wins each
/// number; who loses has been overtaken, unless the winner is its own earlier attempt.
/// </summary>
internal sealed class ManifestLog(LogVolumeSettings settings, Guid volumeId, StoreReader reader)
{
    private const int NonceAt = Envelope.HeaderBytes;
    private const int NonceBytes = 16;

    private volatile ManifestBase _base = new(0, default);

    /// <summary>The oldest record that this writer knows to be kept.</summary>
    public ManifestBase Base
    {
        get => _base;
        set => _base = value;
    }

    /// <summary>Appends a record, however long the store takes to answer.</summary>
    /// <returns>Whether it is in the log; false when another writer has taken the volume.</returns>
    public async Task<bool> AppendAsync(ManifestRecord record, CancellationToken ct)
    {
        string key = VolumeNames.Record(settings.Name, record.Number);
        var data = ManifestCodec.Write(record, volumeId);
        var pause = settings.RetryDelay;
        while (true)
        {
            try
            {
                bool isFirst = await settings.Store.PutAsync(key, [data], PutCondition.IfAbsent, ct);
                // Old records are deleted in order. If the base is gone, this number may have been used and deleted too:
                // then to have been first says nothing.
                return (isFirst || await HasNonceAsync(record.Number, record.Nonce, ct)) && await IsBaseKeptAsync(record.Number, ct);
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

    private async ValueTask<bool> IsBaseKeptAsync(ulong number, CancellationToken ct)
    {
        while (true)
        {
            var kept = Base;
            if (number <= kept.Number || await HasNonceAsync(kept.Number, kept.Nonce, ct))
                return true;
            // This writer itself may have moved the base on meanwhile.
            if (kept == Base)
                return false;
        }
    }

    private async ValueTask<bool> HasNonceAsync(ulong number, Guid nonce, CancellationToken ct)
    {
        byte[] found = new byte[NonceBytes];
        try
        {
            await reader.Store.GetAsync(VolumeNames.Record(settings.Name, number), NonceAt, found, ct);
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            return false;
        }
        return new Guid(found, bigEndian: true) == nonce;
    }
}

/// <summary>A record of the manifest log that is kept.</summary>
internal sealed record ManifestBase(ulong Number, Guid Nonce);

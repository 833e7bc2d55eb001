using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>Reads whole small objects of a volume, trying again while the store does not answer.</summary>
internal sealed class StoreReader(IObjectStore store, string volume, LogVolumeServices services, int attemptsMax, TimeSpan delay, TimeSpan delayMax)
{
    public IObjectStore Store => store;

    public static StoreReader Of(LogVolumeSettings settings) =>
        new(settings.Store, settings.Name, settings.Services, settings.ReadAttemptsMax, settings.RetryDelay, settings.RetryDelayMax);

    /// <summary>For tools that have no settings of a volume.</summary>
    public static StoreReader Of(IObjectStore store, string volume, LogVolumeServices services) =>
        new(store, volume, services, attemptsMax: 5, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(15));

    /// <summary>An object's content; null when it does not exist.</summary>
    public ValueTask<byte[]?> ReadAsync(string key, CancellationToken ct) => RetryAsync<byte[]?>(async () =>
    {
        if (await store.FindAsync(key, ct) is not { } length)
            return null;
        byte[] content = new byte[length];
        try
        {
            await store.GetAsync(key, 0, content, ct);
        }
        catch (ObjectStoreException ex) when (ex.Error == ObjectStoreError.NotFound)
        {
            return null;
        }
        return content;
    }, ct);

    /// <summary>Does something until the store answers, a limited number of times.</summary>
    public async ValueTask<T> RetryAsync<T>(Func<ValueTask<T>> action, CancellationToken ct)
    {
        var pause = delay;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await action();
            }
            catch (ObjectStoreException ex) when (IsTransient(ex) && attempt < attemptsMax)
            {
                services.OnEvent?.Invoke(new LogVolumeEvent(volume, LogVolumeEventKind.StoreFailed, $"volume {volume}: {ex.Message}; trying again", ex));
                await Task.Delay(pause, services.TimeProvider, ct);
                pause = pause * 2 < delayMax ? pause * 2 : delayMax;
            }
        }
    }

    public static bool IsTransient(ObjectStoreException exception) =>
        exception.Error is ObjectStoreError.Unavailable or ObjectStoreError.Short or ObjectStoreError.Full;
}

using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>Asks a volume's store, again and again while it does not answer: a few times, or for as long as it takes.</summary>
internal sealed class StoreReader(IObjectStore store, string volume, LogVolumeServices services, int attemptsMax, TimeSpan delay, TimeSpan delayMax)
{
    private string? _failure;

    public IObjectStore Store => store;

    /// <summary>Why those who wait for the store do so; null while it answers.</summary>
    public string? Failure => Volatile.Read(ref _failure);

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
                Report(LogVolumeEventKind.StoreFailed, $"{ex.Message}; trying again", ex);
                await Task.Delay(pause, services.TimeProvider, ct);
                pause = pause * 2 < delayMax ? pause * 2 : delayMax;
            }
        }
    }

    /// <summary>
    /// Does something for as long as it takes until the store answers: that it does not is reported once, and when it does
    /// again. A store that refuses is waited for like one that is away: whoever has a volume open was let in before, so
    /// that credentials, clock or bucket changed since, which an operator can mend and a guest with a failed disk cannot. What
    /// the store says of the data itself, that it is not there or shorter than it was, is an answer.
    /// </summary>
    /// <exception cref="ObjectStoreException">Not found, or too short each time.</exception>
    public async ValueTask WaitAsync(Func<ValueTask> action, CancellationToken ct)
    {
        var pause = delay;
        for (int cut = 0; ;)
        {
            try
            {
                await action();
                OnAnswered();
                return;
            }
            catch (ObjectStoreException ex) when (ex.Error is ObjectStoreError.NotFound || (ex.Error is ObjectStoreError.Short && ++cut >= attemptsMax))
            {
                OnAnswered();
                throw;
            }
            catch (ObjectStoreException ex)
            {
                if (ex.Error is not ObjectStoreError.Short)
                    OnAway(ex);
            }
            await Task.Delay(pause, services.TimeProvider, ct);
            pause = pause * 2 < delayMax ? pause * 2 : delayMax;
        }
    }

    private void OnAway(ObjectStoreException ex)
    {
        if (Interlocked.Exchange(ref _failure, ex.Message) is null)
            Report(LogVolumeEventKind.StoreFailed, $"reads wait for the store: {ex.Message}", ex);
    }

    private void OnAnswered()
    {
        if (Volatile.Read(ref _failure) is not null && Interlocked.Exchange(ref _failure, null) is not null)
            Report(LogVolumeEventKind.StoreAnswers, "the store answers reads again", exception: null);
    }

    private void Report(LogVolumeEventKind kind, string message, Exception? exception) =>
        services.OnEvent?.Invoke(new LogVolumeEvent(volume, kind, $"volume {volume}: {message}", exception));

    public static bool IsTransient(ObjectStoreException exception) =>
        exception.Error is ObjectStoreError.Unavailable or ObjectStoreError.Short or ObjectStoreError.Full;
}

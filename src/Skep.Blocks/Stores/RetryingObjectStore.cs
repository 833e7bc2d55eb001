using System.Runtime.CompilerServices;

namespace Skep.Blocks.Stores;

/// <summary>
/// Tries failed operations of another store again, with growing, jittered pauses: <see cref="ObjectStoreError.Unavailable"/>
/// soon, <see cref="ObjectStoreError.Full"/> slowly, <see cref="ObjectStoreError.Refused"/> and
/// <see cref="ObjectStoreError.NotFound"/> never. Thread-safe.
/// </summary>
/// <param name="inner">The store.</param>
/// <param name="policy">How often.</param>
/// <param name="time">Times the pauses.</param>
/// <param name="random">Draws the jitter; used under a lock.</param>
public sealed class RetryingObjectStore(IObjectStore inner, RetryPolicy policy, TimeProvider time, Random random) : IObjectStore
{
    private readonly Lock _lock = new();

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    /// <remarks>
    /// A PUT that failed may have taken effect. When such a PUT is tried again with <see cref="PutCondition.IfAbsent"/> and
    /// the object then exists, it counts as stored by this call if its content is the same: whoever needs to know a
    /// winner puts something into the content that is his alone.
    /// </remarks>
    public async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        var isUncertain = false;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (await inner.PutAsync(key, parts, condition, ct))
                    return true;
                return isUncertain && await IsStoredAsync(key, parts, ct);
            }
            catch (ObjectStoreException ex) when (IsWorthRetrying(ex.Error, attempt))
            {
                isUncertain = true;
                await PauseAsync(ex.Error, attempt, ct);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await inner.GetAsync(key, offset, destination, ct);
                return;
            }
            catch (ObjectStoreException ex) when (IsWorthRetrying(ex.Error, attempt))
            {
                await PauseAsync(ex.Error, attempt, ct);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long?> FindAsync(string key, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await inner.FindAsync(key, ct);
            }
            catch (ObjectStoreException ex) when (IsWorthRetrying(ex.Error, attempt))
            {
                await PauseAsync(ex.Error, attempt, ct);
            }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        // A list that breaks goes on after the last object it showed; each that is shown makes the attempts count anew.
        for (var attempt = 1; ; attempt++)
        {
            ObjectStoreError error;
            await using (var items = inner.ListAsync(prefix, after, ct).GetAsyncEnumerator(ct))
            {
                while (true)
                {
                    try
                    {
                        if (!await items.MoveNextAsync())
                            yield break;
                    }
                    catch (ObjectStoreException ex) when (IsWorthRetrying(ex.Error, attempt))
                    {
                        error = ex.Error;
                        break;
                    }

                    (after, attempt) = (items.Current.Key, 1);
                    yield return items.Current;
                }
            }

            await PauseAsync(error, attempt, ct);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await inner.DeleteAsync(key, ct);
                return;
            }
            catch (ObjectStoreException ex) when (IsWorthRetrying(ex.Error, attempt))
            {
                await PauseAsync(ex.Error, attempt, ct);
            }
        }
    }

    private bool IsWorthRetrying(ObjectStoreError error, int attempt) => error switch
    {
        ObjectStoreError.Unavailable or ObjectStoreError.Full => attempt < policy.AttemptsMax,
        ObjectStoreError.Short => attempt < policy.ShortAttemptsMax,
        _ => false,
    };

    private async ValueTask<bool> IsStoredAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, CancellationToken ct)
    {
        if (await FindAsync(key, ct) != ObjectKeys.LengthOf(parts))
            return false;
        long offset = 0;
        foreach (var part in parts)
        {
            var stored = new byte[part.Length];
            await GetAsync(key, offset, stored, ct);
            if (!part.Span.SequenceEqual(stored))
                return false;
            offset += part.Length;
        }

        return true;
    }

    private Task PauseAsync(ObjectStoreError error, int attempt, CancellationToken ct)
    {
        var (first, max) = error == ObjectStoreError.Full ? (policy.FullPauseFirst, policy.FullPauseMax) : (policy.PauseFirst, policy.PauseMax);
        const int DoublingsMax = 30;
        var pause = first * Math.Pow(2, Math.Min(attempt - 1, DoublingsMax));
        double jitter;
        lock (_lock)
            jitter = random.NextDouble();
        return Task.Delay((pause < max ? pause : max) * (0.5 + jitter / 2), time, ct);
    }
}

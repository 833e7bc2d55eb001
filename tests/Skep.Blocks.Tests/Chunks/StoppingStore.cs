using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Chunks;

/// <summary>
/// A store of a process that dies: after so many operations each further one fails. The last one may still take effect,
/// as a PUT whose answer was never seen.
/// </summary>
internal sealed class StoppingStore(IObjectStore inner) : IObjectStore
{
    private int _calls;

    /// <summary>Operations that succeed; the next fails, as do all after it.</summary>
    public int CallsMax { get; set; } = int.MaxValue;

    /// <summary>Whether the first that fails takes effect all the same.</summary>
    public bool HasLastEffect { get; set; }

    public int Calls => _calls;

    public bool IsStopped => _calls > CallsMax;

    public string Name => inner.Name;

    public async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        if (Count() is { } failure)
        {
            if (failure.IsLast)
                await inner.PutAsync(key, parts, condition, ct);
            throw failure.Exception;
        }

        return await inner.PutAsync(key, parts, condition, ct);
    }

    public ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct) =>
        Count() is { } failure ? throw failure.Exception : inner.GetAsync(key, offset, destination, ct);

    public ValueTask<long?> FindAsync(string key, CancellationToken ct) =>
        Count() is { } failure ? throw failure.Exception : inner.FindAsync(key, ct);

    public IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken ct) =>
        Count() is { } failure ? throw failure.Exception : inner.ListAsync(prefix, after, ct);

    public async ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        if (Count() is { } failure)
        {
            if (failure.IsLast)
                await inner.DeleteAsync(key, ct);
            throw failure.Exception;
        }

        await inner.DeleteAsync(key, ct);
    }

    private (Exception Exception, bool IsLast)? Count()
    {
        var call = Interlocked.Increment(ref _calls);
        return call <= CallsMax ? null : (new ObjectStoreException(ObjectStoreError.Unavailable, "the process has died"), HasLastEffect && call == CallsMax + 1);
    }
}

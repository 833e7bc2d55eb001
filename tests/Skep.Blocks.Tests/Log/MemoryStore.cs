using System.Collections.Concurrent;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Tests.Log;

/// <summary>An object store in memory, with hooks to fail.</summary>
public sealed class MemoryStore : IObjectStore
{
    public ConcurrentDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    public string Name => "memory";

    /// <summary>Called before each PUT; may throw, or wait.</summary>
    public Func<string, Task>? OnPut { get; set; }

    /// <summary>Called after each PUT took effect; may throw.</summary>
    public Action<string>? AfterPut { get; set; }

    /// <summary>Called before each GET with key, offset and length; may throw.</summary>
    public Action<string, long, int>? OnGet { get; set; }

    /// <summary>Called before each DELETE; may throw.</summary>
    public Action<string>? OnDelete { get; set; }

    private int _gets;

    public int Gets => _gets;

    public async ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        await Task.Yield();
        ct.ThrowIfCancellationRequested();
        byte[] data = parts.SelectMany(p => p.ToArray()).ToArray();
        if (OnPut is { } hook)
            await hook(key).WaitAsync(ct);
        bool isStored = condition != PutCondition.IfAbsent || Objects.TryAdd(key, data);
        if (condition == PutCondition.None)
            Objects[key] = data;
        AfterPut?.Invoke(key);
        return isStored;
    }

    public async ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        await Task.Yield();
        Interlocked.Increment(ref _gets);
        OnGet?.Invoke(key, offset, destination.Length);
        if (!Objects.TryGetValue(key, out byte[]? data))
            throw new ObjectStoreException(ObjectStoreError.NotFound, $"{key} does not exist");
        if (offset + destination.Length > data.Length)
            throw new ObjectStoreException(ObjectStoreError.Short, $"{key} has {data.Length} bytes, {offset + destination.Length} were asked for");
        data.AsSpan((int)offset, destination.Length).CopyTo(destination.Span);
    }

    public async ValueTask<long?> FindAsync(string key, CancellationToken ct)
    {
        await Task.Yield();
        OnGet?.Invoke(key, 0, 0);
        return Objects.TryGetValue(key, out byte[]? data) ? data.Length : null;
    }

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await Task.Yield();
        foreach (var (key, data) in Objects.ToArray().OrderBy(o => o.Key, StringComparer.Ordinal))
            if (key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(key, after) > 0))
                yield return new StoredObject(key, data.Length, DateTimeOffset.UnixEpoch);
    }

    public ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        OnDelete?.Invoke(key);
        Objects.TryRemove(key, out _);
        return default;
    }

    public IEnumerable<string> Keys(string part) => Objects.Keys.Where(k => k.Contains(part, StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}

using System.Runtime.CompilerServices;

namespace Skep.Blocks.Stores;

/// <summary>Objects in memory, for tests and for what may be lost. Thread-safe; every call completes at once.</summary>
public sealed class MemoryObjectStore(string name, TimeProvider time) : IObjectStore
{
    private readonly Lock _lock = new();
    private readonly SortedList<string, (byte[] Content, DateTimeOffset Modified)> _objects = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public ValueTask<bool> PutAsync(string key, IReadOnlyList<ReadOnlyMemory<byte>> parts, PutCondition condition, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        ObjectKeys.Check(name, key);
        var content = new byte[ObjectKeys.LengthOf(parts)];
        var end = 0;
        foreach (var part in parts)
        {
            part.CopyTo(content.AsMemory(end));
            end += part.Length;
        }

        lock (_lock)
        {
            if (condition == PutCondition.IfAbsent && _objects.ContainsKey(key))
                return ValueTask.FromResult(false);
            _objects[key] = (content, time.GetUtcNow());
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public ValueTask GetAsync(string key, long offset, Memory<byte> destination, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        byte[] content;
        lock (_lock)
        {
            if (!_objects.TryGetValue(key, out var found))
                throw ObjectKeys.NotFound(name, key);
            content = found.Content;
        }

        if (offset < 0 || offset + destination.Length > content.Length)
            throw ObjectKeys.Short(name, key, content.Length, offset, destination.Length);
        content.AsMemory((int)offset, destination.Length).CopyTo(destination);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<long?> FindAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_lock)
            return ValueTask.FromResult(_objects.TryGetValue(key, out var found) ? (long?)found.Content.Length : null);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken ct)
    {
        List<StoredObject> found;
        lock (_lock)
        {
            found = [.. _objects
                .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(o.Key, after) > 0))
                .Select(o => new StoredObject(o.Key, o.Value.Content.Length, o.Value.Modified))];
        }

        await Task.CompletedTask;
        foreach (var item in found)
        {
            ct.ThrowIfCancellationRequested();
            yield return item;
        }
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        lock (_lock)
            _objects.Remove(key);
        return ValueTask.CompletedTask;
    }

    /// <summary>Changes a stored object in place, as a failing medium would.</summary>
    internal void Damage(string key, Func<byte[], byte[]> change)
    {
        lock (_lock)
        {
            var (content, modified) = _objects[key];
            _objects[key] = (change([.. content]), modified);
        }
    }

    /// <summary>The keys of all objects.</summary>
    internal IReadOnlyList<string> Keys
    {
        get
        {
            lock (_lock)
                return [.. _objects.Keys];
        }
    }
}

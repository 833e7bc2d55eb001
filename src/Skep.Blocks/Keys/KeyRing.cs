namespace Skep.Blocks.Keys;

/// <summary>A ring of keys held in memory. Immutable, so thread-safe.</summary>
public sealed class KeyRing : IKeyRing
{
    private readonly Dictionary<string, byte[]> _keys;

    /// <summary>Makes a ring.</summary>
    /// <param name="currentId">The id of the key for new data keys; one of <paramref name="keys"/>.</param>
    /// <param name="keys">Keys of <see cref="IKeyRing.KeyLength"/> bytes by id.</param>
    public KeyRing(string currentId, IReadOnlyDictionary<string, byte[]> keys)
    {
        if (!keys.ContainsKey(currentId))
            throw new ArgumentException($"the ring has no key \"{currentId}\"", nameof(currentId));
        foreach (var (id, key) in keys)
        {
            if (key.Length != IKeyRing.KeyLength)
                throw new ArgumentException($"key \"{id}\" has {key.Length} bytes; expected {IKeyRing.KeyLength}", nameof(keys));
        }

        CurrentId = currentId;
        _keys = keys.ToDictionary(k => k.Key, k => k.Value.ToArray());
    }

    /// <inheritdoc/>
    public string CurrentId { get; }

    /// <inheritdoc/>
    public bool TryGet(string id, Span<byte> key)
    {
        if (!_keys.TryGetValue(id, out var found))
            return false;
        found.CopyTo(key);
        return true;
    }
}

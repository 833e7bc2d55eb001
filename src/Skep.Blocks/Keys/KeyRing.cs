namespace Skep.Blocks.Keys;

/// <summary>A ring of keys held in memory. Immutable, so thread-safe.</summary>
public sealed class KeyRing : IKeyRing
{
    /// <summary>Bytes of every key: AES-256.</summary>
    public const int KeyLength = 32;

    private readonly Dictionary<string, byte[]> _keys;

    /// <summary>Makes a ring.</summary>
    /// <param name="currentKeyId">The id of the key for new data keys; one of <paramref name="keys"/>.</param>
    /// <param name="keys">Keys of <see cref="KeyLength"/> bytes by id.</param>
    public KeyRing(string currentKeyId, IReadOnlyDictionary<string, byte[]> keys)
    {
        if (!keys.ContainsKey(currentKeyId))
            throw new ArgumentException($"the ring has no key \"{currentKeyId}\"", nameof(currentKeyId));
        foreach (var (id, key) in keys)
        {
            if (key.Length != KeyLength)
                throw new ArgumentException($"key \"{id}\" has {key.Length} bytes; expected {KeyLength}", nameof(keys));
        }

        CurrentKeyId = currentKeyId;
        _keys = keys.ToDictionary(k => k.Key, k => k.Value.ToArray());
    }

    /// <inheritdoc/>
    public string CurrentKeyId { get; }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte>? Find(string keyId) => _keys.TryGetValue(keyId, out var key) ? key : null;
}

namespace Skep.Blocks.Keys;

/// <summary>
/// Key-encryption keys by id: they wrap data keys and never encrypt data themselves. Keys are kept as long as anything
/// is wrapped with them; which one wraps new data keys may change.
/// </summary>
public interface IKeyRing
{
    /// <summary>Bytes of every key: AES-256.</summary>
    const int KeyLength = 32;

    /// <summary>The id of the key that wraps new data keys.</summary>
    string CurrentId { get; }

    /// <summary>Fills <paramref name="key"/>, <see cref="KeyLength"/> bytes; false when there is no key of that id.</summary>
    bool TryGet(string id, Span<byte> key);
}

namespace Skep.Blocks.Keys;

/// <summary>
/// Key-encryption keys by id: they wrap data keys and never encrypt data themselves. Keys are kept as long as anything
/// is wrapped with them; which one wraps new data keys may change.
/// </summary>
public interface IKeyRing
{
    /// <summary>The id of the key that wraps new data keys.</summary>
    string CurrentKeyId { get; }

    /// <summary>A key of 32 bytes (AES-256), or null when there is none of that id.</summary>
    ReadOnlyMemory<byte>? Find(string keyId);
}

namespace Skep.Blocks.Log;

/// <summary>The keys that wrap the keys of volumes.</summary>
public interface IKeyRing
{
    /// <summary>The id of the key that new volumes are wrapped with.</summary>
    string CurrentKeyId { get; }

    /// <summary>A key of 32 bytes, or null when there is none of that id.</summary>
    ReadOnlyMemory<byte>? Find(string keyId);
}

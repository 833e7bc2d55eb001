using System.Security.Cryptography;
using System.Text;

namespace Skep.Blocks.Keys;

/// <summary>
/// A data key, encrypted with AES-256-GCM under a key of an <see cref="IKeyRing"/>: what is written beside the data.
/// </summary>
/// <param name="KeyId">The id of the key that it is wrapped with.</param>
/// <param name="Bytes">Nonce (12 bytes), encrypted key (32), tag (16).</param>
public sealed record WrappedKey(string KeyId, byte[] Bytes)
{
    /// <summary>Bytes of a nonce.</summary>
    public const int NonceLength = 12;

    private const int TagLength = 16;

    /// <summary>Length of <see cref="Bytes"/>.</summary>
    public const int Length = NonceLength + KeyRing.KeyLength + TagLength;

    /// <summary>Wraps a data key with the ring's current key.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="dataKey"><see cref="KeyRing.KeyLength"/> bytes.</param>
    /// <param name="context">What the key is for: unwrapping needs the same, so a wrapped key cannot be moved to something else.</param>
    /// <param name="nonce">12 unpredictable bytes, never used twice with one key of the ring.</param>
    /// <exception cref="CryptographicException">The ring has no current key.</exception>
    public static WrappedKey Wrap(IKeyRing ring, ReadOnlySpan<byte> dataKey, string context, ReadOnlySpan<byte> nonce)
    {
        var bytes = new byte[Length];
        nonce.CopyTo(bytes);
        using var aes = Open(ring, ring.CurrentKeyId);
        aes.Encrypt(nonce, dataKey, bytes.AsSpan(NonceLength, KeyRing.KeyLength), bytes.AsSpan(NonceLength + KeyRing.KeyLength), Encoding.UTF8.GetBytes(context));
        return new WrappedKey(ring.CurrentKeyId, bytes);
    }

    /// <summary>Unwraps the data key.</summary>
    /// <exception cref="CryptographicException">The ring lacks the key, or these bytes were not made by it for this context.</exception>
    public byte[] Unwrap(IKeyRing ring, string context)
    {
        if (Bytes.Length != Length)
            throw new CryptographicException($"a wrapped key has {Length} bytes, not {Bytes.Length}");
        var dataKey = new byte[KeyRing.KeyLength];
        using var aes = Open(ring, KeyId);
        aes.Decrypt(Bytes.AsSpan(0, NonceLength), Bytes.AsSpan(NonceLength, KeyRing.KeyLength), Bytes.AsSpan(NonceLength + KeyRing.KeyLength), dataKey, Encoding.UTF8.GetBytes(context));
        return dataKey;
    }

    private static AesGcm Open(IKeyRing ring, string id)
    {
        var key = ring.Find(id) ?? throw new CryptographicException($"the key ring has no key \"{id}\"");
        return new AesGcm(key.Span, TagLength);
    }
}

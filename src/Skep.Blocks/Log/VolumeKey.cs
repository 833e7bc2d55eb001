using System.Security.Cryptography;
using System.Text;
using Skep.Blocks.Keys;

namespace Skep.Blocks.Log;

/// <summary>
/// A volume's data key. It never encrypts anything itself: every object and every generation of a log segment has a key
/// derived from it by HKDF-SHA256 (RFC 5869) with a random salt of 256 bits, so that nonces can simply count.
/// </summary>
internal sealed class VolumeKey(byte[] key)
{
    public const int KeyBytes = 32;
    public const int SaltBytes = 32;
    public const int TagBytes = 16;
    private const int NonceBytes = 12;
    private const int WrappedBytes = SaltBytes + KeyBytes + TagBytes;

    /// <summary>Makes a key.</summary>
    public static VolumeKey Create(RandomFill random)
    {
        byte[] key = new byte[KeyBytes];
        random(key);
        return new VolumeKey(key);
    }

    /// <summary>The key of one object or one generation of a log segment.</summary>
    /// <param name="purpose">What is encrypted with it.</param>
    /// <param name="owner">The volume that the object belongs to.</param>
    /// <param name="salt">The salt in its header.</param>
    public byte[] Derive(string purpose, Guid owner, ReadOnlySpan<byte> salt)
    {
        byte[] derived = new byte[KeyBytes];
        Span<byte> info = stackalloc byte[32];
        int length = Encoding.ASCII.GetBytes(purpose, info[..16]);
        owner.TryWriteBytes(info[16..], bigEndian: true, out _);
        info[length..16].Clear();
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt, info);
        return derived;
    }

    /// <summary>Wraps the key with a key of a ring: salt, ciphertext, tag.</summary>
    public byte[] Wrap(IKeyRing ring, string keyId, Guid volumeId, RandomFill random)
    {
        byte[] wrapped = new byte[WrappedBytes];
        random(wrapped.AsSpan(0, SaltBytes));
        using var cipher = WrappingCipher(ring, keyId, wrapped.AsSpan(0, SaltBytes));
        cipher.Encrypt(Nonce(0), key, wrapped.AsSpan(SaltBytes, KeyBytes), wrapped.AsSpan(SaltBytes + KeyBytes), WrapBinding(keyId, volumeId));
        return wrapped;
    }

    /// <summary>Unwraps a key.</summary>
    /// <exception cref="LogFormatException">The ring does not have the key, or has another one under that id.</exception>
    public static VolumeKey Unwrap(ReadOnlySpan<byte> wrapped, IKeyRing? ring, string keyId, Guid volumeId, string volume)
    {
        if (ring is null)
            throw new LogFormatException(LogFormatError.WrongKey, $"volume {volume} is encrypted with key {keyId} and no keys were given");
        if (wrapped.Length != WrappedBytes)
            throw new LogFormatException(LogFormatError.Damaged, $"the wrapped key of volume {volume} has {wrapped.Length} bytes, expected {WrappedBytes}");
        byte[] key = new byte[KeyBytes];
        using var cipher = WrappingCipher(ring, keyId, wrapped[..SaltBytes]);
        try
        {
            cipher.Decrypt(Nonce(0), wrapped.Slice(SaltBytes, KeyBytes), wrapped[(SaltBytes + KeyBytes)..], key, WrapBinding(keyId, volumeId));
        }
        catch (AuthenticationTagMismatchException ex)
        {
            throw new LogFormatException(LogFormatError.WrongKey, $"the key {keyId} does not open volume {volume}: it is not the key that the volume was encrypted with", ex);
        }
        return new VolumeKey(key);
    }

    /// <summary>A nonce that counts.</summary>
    public static byte[] Nonce(ulong number)
    {
        byte[] nonce = new byte[NonceBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), number);
        return nonce;
    }

    private static AesGcm WrappingCipher(IKeyRing ring, string keyId, ReadOnlySpan<byte> salt)
    {
        var found = ring.Find(keyId)
            ?? throw new LogFormatException(LogFormatError.WrongKey, $"there is no key {keyId} in the key ring");
        if (found.Length != KeyBytes)
            throw new LogFormatException(LogFormatError.WrongKey, $"the key {keyId} has {found.Length} bytes, expected {KeyBytes}");
        Span<byte> derived = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, found.Span, derived, salt, "skep key wrap"u8);
        return new AesGcm(derived, TagBytes);
    }

    private static byte[] WrapBinding(string keyId, Guid volumeId) => [.. volumeId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(keyId)];
}

using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Skep.Objects.Encryption;

/// <summary>
/// Encrypts a content in frames of 64 KiB with AES-256-GCM, so that any range can be read. A content has a random salt; its
/// AES key and the key of its seal are HKDF-SHA256 of the caller's key with that salt. A frame's nonce is its number, which
/// is unique because the AES key is. The seal authenticates the length, so that frames cannot be cut off, and tells a wrong
/// key from damage. Not thread-safe.
/// </summary>
internal sealed class FrameCipher : IDisposable
{
    /// <summary>Plain bytes of every frame but the last.</summary>
    public const int FrameBytes = 64 * 1024;

    /// <summary>Bytes that a frame is longer when encrypted.</summary>
    public const int TagBytes = 16;

    /// <summary>Bytes of the key that a caller gives.</summary>
    public const int KeyBytes = 32;

    /// <summary>Bytes of a seal: salt, then the tag of the length.</summary>
    public const int SealBytes = SaltBytes + TagBytes;

    private const int SaltBytes = 32;
    private const int NonceBytes = 12;

    private readonly byte[] _salt;
    private readonly byte[] _sealKey;
    private readonly AesGcm _aes;

    private FrameCipher(ReadOnlySpan<byte> key, byte[] salt)
    {
        if (key.Length != KeyBytes)
            throw new ObjectException(ObjectError.InvalidArgument, $"an encryption key has {KeyBytes} bytes, not {key.Length}");
        _salt = salt;
        Span<byte> keys = stackalloc byte[2 * KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, keys, salt, "skep objects frames 1"u8);
        _aes = new AesGcm(keys[..KeyBytes], TagBytes);
        _sealKey = keys[KeyBytes..].ToArray();
        CryptographicOperations.ZeroMemory(keys);
    }

    /// <summary>A cipher for a new content.</summary>
    // The salt is not from an injected source: one that a seed repeats would give contents away.
    public static FrameCipher Create(ReadOnlySpan<byte> key) => new(key, RandomNumberGenerator.GetBytes(SaltBytes));

    /// <summary>The cipher of a content.</summary>
    /// <exception cref="ObjectException"><see cref="ObjectError.WrongKey"/>.</exception>
    public static FrameCipher Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> seal, long lengthBytes, string what)
    {
        var cipher = new FrameCipher(key, seal[..SaltBytes].ToArray());
        if (CryptographicOperations.FixedTimeEquals(cipher.Seal(lengthBytes), seal))
            return cipher;
        cipher.Dispose();
        throw new ObjectException(ObjectError.WrongKey, $"{what} is encrypted with another key than the one given");
    }

    /// <summary>Bytes that a content takes when encrypted.</summary>
    public static long StoredBytes(long lengthBytes) => lengthBytes + ((lengthBytes + FrameBytes - 1) / FrameBytes * TagBytes);

    /// <summary>The seal of a content of a length.</summary>
    public byte[] Seal(long lengthBytes)
    {
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, lengthBytes);
        return [.. _salt, .. HMACSHA256.HashData(_sealKey, length).AsSpan(0, TagBytes)];
    }

    /// <summary>Encrypts frames that follow each other: all of 64 KiB, but for the content's last.</summary>
    /// <returns>Bytes written.</returns>
    public int Encrypt(long firstFrame, ReadOnlySpan<byte> plain, Span<byte> stored)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        var written = 0;
        for (var frame = firstFrame; plain.Length > 0; frame++)
        {
            var part = plain[..Math.Min(FrameBytes, plain.Length)];
            SetNonce(nonce, frame);
            _aes.Encrypt(nonce, part, stored.Slice(written, part.Length), stored.Slice(written + part.Length, TagBytes));
            written += part.Length + TagBytes;
            plain = plain[part.Length..];
        }

        return written;
    }

    /// <summary>Decrypts one frame.</summary>
    /// <exception cref="AuthenticationTagMismatchException">It is not what was encrypted.</exception>
    public void Decrypt(long frame, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        SetNonce(nonce, frame);
        _aes.Decrypt(nonce, stored[..^TagBytes], stored[^TagBytes..], plain);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_sealKey);
    }

    private static void SetNonce(Span<byte> nonce, long frame)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt64BigEndian(nonce, frame);
    }
}

using System.Security.Cryptography;
using Skep.Blocks.Keys;
using Skep.Core.Hosting;
using Skep.Objects;
using Skep.Storage.Keys;

namespace Skep.S3.Encryption;

/// <summary>
/// The data keys of SSE-S3 and SSE-KMS: 32 random bytes an object, or an upload in parts, wrapped by the node's key ring
/// for the object, the KMS key and the encryption context that they belong to. Thread-safe.
/// </summary>
internal sealed class DataKeys(SkepOptions options, TimeProvider time)
{
    private readonly string _path = options.PathOf(KeyRingFile.FileName);
    private readonly Lock _lock = new();
    private KeyRing? _ring;
    private DateTime _written;

    /// <summary>A new data key, and how its object is encrypted.</summary>
    /// <param name="wanted">Algorithm, KMS key and context.</param>
    /// <param name="owner">What it is for.</param>
    /// <exception cref="IOException">The key ring cannot be read or made.</exception>
    public (byte[] Key, ObjectEncryption Encryption) Create(ObjectEncryption wanted, ObjectAddress owner)
    {
        var key = RandomNumberGenerator.GetBytes(KeyRing.KeyLength);
        return (key, Wrap(key, wanted, owner));
    }

    /// <summary>Wraps a data key for another object.</summary>
    public ObjectEncryption Wrap(byte[] key, ObjectEncryption wanted, ObjectAddress owner)
    {
        var wrapped = WrappedKey.Wrap(Ring(), key, ContextOf(wanted, owner), RandomNumberGenerator.GetBytes(WrappedKey.NonceLength));
        return wanted with { RingKeyId = wrapped.KeyId, WrappedKey = wrapped.Bytes };
    }

    /// <summary>The data key of an object.</summary>
    /// <exception cref="IOException">The ring lacks the key, or what is stored was not made for this object.</exception>
    public byte[] Unwrap(ObjectEncryption encryption, ObjectAddress owner)
    {
        try
        {
            return new WrappedKey(encryption.RingKeyId ?? "", encryption.WrappedKey ?? []).Unwrap(Ring(), ContextOf(encryption, owner));
        }
        catch (CryptographicException ex)
        {
            throw new IOException($"the key of {owner.Bucket}/{owner.Key} (wrapped with {encryption.RingKeyId}) cannot be opened with {_path}: {ex.Message}", ex);
        }
    }

    private static string ContextOf(ObjectEncryption encryption, ObjectAddress owner) =>
        $"object {owner.Bucket}/{owner.Key}\n{encryption.Algorithm}\n{encryption.KmsKeyId}\n{encryption.Context}";

    /// <summary>The ring, read again when its file has changed: another key may be current.</summary>
    private KeyRing Ring()
    {
        lock (_lock)
        {
            var written = File.GetLastWriteTimeUtc(_path);
            if (_ring is null || written != _written)
            {
                _ring = KeyRingFile.ReadOrCreate(_path, time);
                _written = File.GetLastWriteTimeUtc(_path);
            }

            return _ring;
        }
    }
}

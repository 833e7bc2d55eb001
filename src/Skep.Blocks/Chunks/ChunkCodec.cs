using System.Buffers;
using System.Security.Cryptography;
using Skep.Blocks.Compression;

namespace Skep.Blocks.Chunks;

/// <summary>
/// Turns a block's content into what is stored and back. Compresses first, then encrypts. The key of the identity and
/// that of the encryption are derived from the snapshot's data key (HKDF-SHA256, RFC 5869). Thread-safe.
/// </summary>
internal sealed class ChunkCodec
{
    /// <summary>Bytes that encryption adds.</summary>
    public const int EncryptionOverhead = NonceLength + TagLength;

    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>What compression must save at least, in parts of 32: less is not worth decompressing.</summary>
    private const int SavingMin = 1;

    private readonly byte[]? _idKey;
    private readonly byte[]? _contentKey;
    private readonly int _level;
    private readonly Action<Span<byte>> _fillRandom;

    /// <summary>Makes a codec.</summary>
    /// <param name="dataKey">The snapshot's data key; null stores chunks in the clear.</param>
    /// <param name="compressionLevel">Zstandard's level.</param>
    /// <param name="fillRandom">Makes nonces: unpredictable bytes, from any thread.</param>
    public ChunkCodec(byte[]? dataKey, int compressionLevel, Action<Span<byte>> fillRandom)
    {
        _level = compressionLevel;
        _fillRandom = fillRandom;
        if (dataKey is null)
            return;
        _idKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, dataKey, 32, salt: null, "skep chunk id"u8.ToArray());
        _contentKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, dataKey, 32, salt: null, "skep chunk content"u8.ToArray());
    }

    /// <summary>The identity of some content.</summary>
    public ChunkId Identify(ReadOnlySpan<byte> plain)
    {
        Span<byte> hash = stackalloc byte[ChunkId.Length];
        if (_idKey is null)
            SHA256.HashData(plain, hash);
        else
            HMACSHA256.HashData(_idKey, plain, hash);
        return new ChunkId(hash);
    }

    /// <summary>Bytes that stored content can have at most.</summary>
    public static int StoredLengthMax(int plainLength) => plainLength + EncryptionOverhead;

    /// <summary>Encodes content.</summary>
    /// <param name="id">Its identity.</param>
    /// <param name="plain">The content.</param>
    /// <param name="stored">Takes what is stored; <see cref="StoredLengthMax"/> bytes are enough.</param>
    /// <param name="encoding">How it was encoded.</param>
    /// <returns>Bytes written to <paramref name="stored"/>.</returns>
    public int Encode(ChunkId id, ReadOnlySpan<byte> plain, Span<byte> stored, out ChunkEncoding encoding)
    {
        encoding = ChunkEncoding.Plain;
        // Room for less than the plain content: libzstd gives up by itself on what does not become smaller.
        var compressed = ArrayPool<byte>.Shared.Rent(Math.Max(plain.Length, 1));
        var length = Zstd.Compress(plain, compressed.AsSpan(0, plain.Length - plain.Length * SavingMin / 32), _level);
        ReadOnlySpan<byte> content = plain;
        if (length > 0)
        {
            encoding |= ChunkEncoding.Zstd;
            content = compressed.AsSpan(0, length);
        }

        if (_contentKey is null)
        {
            content.CopyTo(stored);
            length = content.Length;
        }
        else
        {
            encoding |= ChunkEncoding.AesGcm;
            length = Encrypt(id, content, stored, plain.Length, encoding);
        }

        ArrayPool<byte>.Shared.Return(compressed);
        return length;
    }

    /// <summary>Decodes what is stored and checks that it is the content of that identity; false when it is not.</summary>
    /// <param name="entry">The chunk; <paramref name="stored"/> are its bytes.</param>
    /// <param name="stored">What was read.</param>
    /// <param name="plain">Takes the content; exactly as long as it is.</param>
    public bool TryDecode(PackEntry entry, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        if (stored.Length != entry.StoredLength || Crc32C.Compute(stored) != entry.Crc)
            return false;
        var isEncrypted = entry.Encoding.HasFlag(ChunkEncoding.AesGcm);
        if (isEncrypted != (_contentKey is not null) || entry.Encoding > (ChunkEncoding.AesGcm | ChunkEncoding.Zstd))
            return false;
        byte[]? decrypted = null;
        var content = stored;
        try
        {
            if (isEncrypted)
            {
                if (stored.Length < EncryptionOverhead)
                    return false;
                decrypted = ArrayPool<byte>.Shared.Rent(stored.Length);
                if (!Decrypt(entry, stored, decrypted))
                    return false;
                content = decrypted.AsSpan(0, stored.Length - EncryptionOverhead);
            }

            if (!entry.Encoding.HasFlag(ChunkEncoding.Zstd))
            {
                if (content.Length != plain.Length)
                    return false;
                content.CopyTo(plain);
            }
            else if (!Zstd.TryDecompress(content, plain))
            {
                return false;
            }

            return Identify(plain) == entry.Id;
        }
        finally
        {
            if (decrypted is not null)
                ArrayPool<byte>.Shared.Return(decrypted, clearArray: true);
        }
    }

    private int Encrypt(ChunkId id, ReadOnlySpan<byte> content, Span<byte> stored, int plainLength, ChunkEncoding encoding)
    {
        // Random and not derived from the content: another version of the compressor may make other bytes of the same
        // content, and one nonce for two texts would give both away. 2^32 chunks under one key keep far from a repetition.
        var nonce = stored[..NonceLength];
        _fillRandom(nonce);
        using var aes = new AesGcm(_contentKey!, TagLength);
        aes.Encrypt(nonce, content, stored.Slice(NonceLength, content.Length), stored.Slice(NonceLength + content.Length, TagLength), Binding(id, plainLength, encoding));
        return content.Length + EncryptionOverhead;
    }

    private bool Decrypt(PackEntry entry, ReadOnlySpan<byte> stored, Span<byte> content)
    {
        using var aes = new AesGcm(_contentKey!, TagLength);
        var length = stored.Length - EncryptionOverhead;
        try
        {
            aes.Decrypt(stored[..NonceLength], stored.Slice(NonceLength, length), stored[^TagLength..], content[..length], Binding(entry.Id, entry.PlainLength, entry.Encoding));
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <summary>What the tag covers beside the content: the chunk cannot pass for another one.</summary>
    private static byte[] Binding(ChunkId id, int plainLength, ChunkEncoding encoding)
    {
        var binding = new byte[ChunkId.Length + 8];
        id.CopyTo(binding);
        BitConverter.TryWriteBytes(binding.AsSpan(ChunkId.Length), plainLength);
        BitConverter.TryWriteBytes(binding.AsSpan(ChunkId.Length + 4), (uint)encoding);
        return binding;
    }
}

using System.Security.Cryptography;
using Skep.Blocks.Compression;

namespace Skep.Blocks.Log;

/// <summary>Turns stored blocks of data objects back into content, believing nothing unchecked. Thread-safe.</summary>
internal sealed class BlockDecoder(VolumeKey? key)
{
    /// <summary>The key of an object's blocks; null when the object is not encrypted.</summary>
    /// <exception cref="LogFormatException">The object is encrypted and the volume is not.</exception>
    public byte[]? KeyOf(DataObjectHeader header, string what) => !header.IsEncrypted
        ? null
        : (key ?? throw new LogFormatException(LogFormatError.WrongKey, $"{what} is encrypted and the volume has no key")).Derive("skep object", header.VolumeId, header.Salt);

    /// <summary>Decodes one block.</summary>
    /// <param name="header">The object's header.</param>
    /// <param name="objectKey">What <see cref="KeyOf"/> said.</param>
    /// <param name="index">Which block.</param>
    /// <param name="stored">The block as stored; overwritten when encrypted.</param>
    /// <param name="scratch">Room for a block; used when it is compressed.</param>
    /// <param name="content">Exactly the block's content: part of <paramref name="stored"/> or of <paramref name="scratch"/>.</param>
    /// <returns>Null, or what is wrong.</returns>
    public static string? Decode(DataObjectHeader header, byte[]? objectKey, int index, Memory<byte> stored, Memory<byte> scratch, out ReadOnlyMemory<byte> content)
    {
        content = default;
        var block = header.Blocks[index];
        uint checksum = Crc32C.Compute(stored.Span);
        if (checksum != block.Checksum)
            return $"its checksum is {checksum:x8}, expected {block.Checksum:x8}";
        if (objectKey is not null)
        {
            if (stored.Length < VolumeKey.TagBytes)
                return $"it has {stored.Length} bytes, less than a tag";
            var cipherText = stored[..^VolumeKey.TagBytes];
            using var cipher = new AesGcm(objectKey, VolumeKey.TagBytes);
            try
            {
                cipher.Decrypt(VolumeKey.Nonce((ulong)index), cipherText.Span, stored.Span[^VolumeKey.TagBytes..], cipherText.Span);
            }
            catch (AuthenticationTagMismatchException)
            {
                return "its authentication tag does not match: it is not what was encrypted";
            }
            stored = cipherText;
        }
        int length = DataObjectHeader.ContentBytes(header.Sectors, index);
        if (!block.IsCompressed)
        {
            content = stored;
            return stored.Length == length ? null : $"it has {stored.Length} bytes of content, expected {length}";
        }
        content = scratch[..length];
        return Zstd.TryDecompress(stored.Span, scratch.Span[..length]) ? null : $"it does not decompress to {length} bytes";
    }
}

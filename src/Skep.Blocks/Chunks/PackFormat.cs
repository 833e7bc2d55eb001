using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Skep.Blocks.Chunks;

/// <summary>
/// The form of a pack, little-endian: header (magic 8, version 4, zero 4), stored chunks one after the other, index (64
/// bytes a chunk), trailer (number of chunks 4, version 4, SHA-256 of the index and these two 32, magic 8). A pack is
/// never changed, and whoever has its last bytes knows what is in it.
/// </summary>
internal static class PackFormat
{
    public const uint Version = 1;
    public const int HeaderLength = 16;
    public const int EntryLength = 64;
    public const int TrailerLength = 48;

    /// <summary>More chunks than any pack has: what is announced beyond it is damage.</summary>
    public const int CountMax = 1 << 20;

    private const int HashLength = 32;

    private static ReadOnlySpan<byte> Magic => "SKEPPACK"u8;

    /// <summary>Writes the header.</summary>
    public static void WriteHeader(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], 0);
    }

    /// <summary>The index and trailer of a pack.</summary>
    public static byte[] EncodeTail(IReadOnlyList<PackEntry> entries)
    {
        var tail = new byte[entries.Count * EntryLength + TrailerLength];
        for (var i = 0; i < entries.Count; i++)
            WriteEntry(tail.AsSpan(i * EntryLength, EntryLength), entries[i]);
        var trailer = tail.AsSpan(entries.Count * EntryLength);
        BinaryPrimitives.WriteInt32LittleEndian(trailer, entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], Version);
        SHA256.HashData(tail.AsSpan(0, tail.Length - TrailerLength + 8), trailer.Slice(8, HashLength));
        Magic.CopyTo(trailer[(8 + HashLength)..]);
        return tail;
    }

    /// <summary>Reads how many bytes index and trailer have together, from the trailer alone.</summary>
    /// <param name="trailer">The last <see cref="TrailerLength"/> bytes of the pack.</param>
    /// <param name="packLength">The pack's length.</param>
    /// <param name="name">Names the pack in messages.</param>
    /// <exception cref="ChunkStoreException">It is no pack, or of a newer version, or damaged.</exception>
    public static int TailLength(ReadOnlySpan<byte> trailer, long packLength, string name)
    {
        if (!trailer[(8 + HashLength)..].SequenceEqual(Magic))
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: it does not end as a pack does");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]);
        if (version > Version)
            throw new ChunkStoreException(ChunkStoreError.Newer, $"{name} is of version {version}; this program knows {Version}");
        var count = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        if (count is < 0 or > CountMax || HeaderLength + (long)count * EntryLength + TrailerLength > packLength)
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: {packLength} bytes cannot hold the {count} chunks that it announces");
        return count * EntryLength + TrailerLength;
    }

    /// <summary>Reads a pack's index.</summary>
    /// <param name="tail">Index and trailer.</param>
    /// <param name="packLength">The pack's length.</param>
    /// <param name="name">Names the pack in messages.</param>
    /// <exception cref="ChunkStoreException">It is no pack, or of a newer version, or damaged.</exception>
    public static PackEntry[] DecodeTail(ReadOnlySpan<byte> tail, long packLength, string name)
    {
        if (tail.Length < TrailerLength || TailLength(tail[^TrailerLength..], packLength, name) != tail.Length)
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: its index has {tail.Length} bytes");
        Span<byte> hash = stackalloc byte[HashLength];
        SHA256.HashData(tail[..^(TrailerLength - 8)], hash);
        if (!hash.SequenceEqual(tail.Slice(tail.Length - TrailerLength + 8, HashLength)))
            throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: its index does not match its checksum");
        var entries = new PackEntry[(tail.Length - TrailerLength) / EntryLength];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = ReadEntry(tail.Slice(i * EntryLength, EntryLength));
            if (entries[i].Offset < HeaderLength || entries[i].Offset + (long)entries[i].StoredLength > packLength - tail.Length)
                throw new ChunkStoreException(ChunkStoreError.Damaged, $"{name} is damaged: chunk {i} lies outside it");
        }

        return entries;
    }

    private static void WriteEntry(Span<byte> bytes, PackEntry entry)
    {
        entry.Id.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], entry.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[36..], entry.StoredLength);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[40..], entry.PlainLength);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[44..], (uint)entry.Encoding);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[48..], entry.Crc);
    }

    private static PackEntry ReadEntry(ReadOnlySpan<byte> bytes) => new(
        new ChunkId(bytes),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[32..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[36..]),
        BinaryPrimitives.ReadInt32LittleEndian(bytes[40..]),
        (ChunkEncoding)BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]));
}

/// <summary>A chunk in a pack.</summary>
/// <param name="Id">Its identity.</param>
/// <param name="Offset">Where it begins in the pack.</param>
/// <param name="StoredLength">Bytes that it takes there.</param>
/// <param name="PlainLength">Bytes of its content.</param>
/// <param name="Encoding">How the content became what is stored.</param>
/// <param name="Crc">CRC-32C of the stored bytes: lets them be checked and moved without a key.</param>
internal readonly record struct PackEntry(ChunkId Id, int Offset, int StoredLength, int PlainLength, ChunkEncoding Encoding, uint Crc);

/// <summary>How a chunk is stored.</summary>
[Flags]
internal enum ChunkEncoding : uint
{
    Plain = 0,

    /// <summary>A Zstandard frame.</summary>
    Zstd = 1,

    /// <summary>Nonce (12 bytes), AES-256-GCM's ciphertext, tag (16); made after compression.</summary>
    AesGcm = 2,
}

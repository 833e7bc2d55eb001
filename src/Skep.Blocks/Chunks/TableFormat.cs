using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Skep.Blocks.Chunks;

/// <summary>
/// The form of manifests, of parts of snapshots being made and of the small objects beside them, little-endian: magic 8,
/// version 4, length of the facts 4, number of entries 4, zero 4, SHA-256 of these 24 bytes and all that follows 32; then the facts
/// as JSON, then the entries (block 4, identity 32 bytes), in order of blocks.
/// </summary>
internal static class TableFormat
{
    public const uint Version = 1;
    public const int HeaderLength = 24 + 32;
    public const int EntryLength = 4 + ChunkId.Length;

    public static byte[] Encode<T>(ReadOnlySpan<byte> magic, T facts, JsonTypeInfo<T> type, IReadOnlyCollection<BlockEntry> entries)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(facts, type);
        var bytes = new byte[HeaderLength + json.Length + (long)entries.Count * EntryLength];
        magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), json.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), entries.Count);
        json.CopyTo(bytes, HeaderLength);
        var at = HeaderLength + json.Length;
        foreach (var (block, id) in entries)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)block);
            id.CopyTo(bytes.AsSpan(at + 4));
            at += EntryLength;
        }

        Hash(bytes, bytes.AsSpan(24, 32));
        return bytes;
    }

    /// <summary>Reads the facts and the entries.</summary>
    /// <param name="magic">What the object must be.</param>
    /// <param name="bytes">The whole object.</param>
    /// <param name="type">Of the facts.</param>
    /// <param name="name">Names the object in messages.</param>
    /// <param name="entries">The entries.</param>
    /// <exception cref="ChunkStoreException">It is something else, newer, or damaged.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> magic, ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type, string name, out BlockEntry[] entries)
    {
        if (bytes.Length < HeaderLength || !bytes[..8].SequenceEqual(magic))
            throw Damaged(name, "it does not begin as it should");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version > Version)
            throw new ChunkStoreException(ChunkStoreError.Newer, $"{name} is of version {version}; this program knows {Version}");
        var jsonLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        if (jsonLength < 0 || count < 0 || HeaderLength + jsonLength + (long)count * EntryLength != bytes.Length)
            throw Damaged(name, $"it has {bytes.Length} bytes, not those that it announces");
        Span<byte> hash = stackalloc byte[32];
        Hash(bytes, hash);
        if (!hash.SequenceEqual(bytes.Slice(24, 32)))
            throw Damaged(name, "its content does not match its checksum");
        entries = new BlockEntry[count];
        var rest = bytes[(HeaderLength + jsonLength)..];
        for (var i = 0; i < count; i++)
            entries[i] = new BlockEntry(BinaryPrimitives.ReadUInt32LittleEndian(rest[(i * EntryLength)..]), new ChunkId(rest[(i * EntryLength + 4)..]));
        return JsonSerializer.Deserialize(bytes.Slice(HeaderLength, jsonLength), type) ?? throw Damaged(name, "it has no facts");
    }

    /// <summary>Whether an object is of a kind.</summary>
    public static bool Is(ReadOnlySpan<byte> magic, ReadOnlySpan<byte> bytes) => bytes.StartsWith(magic);

    private static void Hash(ReadOnlySpan<byte> bytes, Span<byte> hash)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(bytes[..24]);
        sha.AppendData(bytes[HeaderLength..]);
        sha.GetHashAndReset(hash);
    }

    private static ChunkStoreException Damaged(string name, string how) => new(ChunkStoreError.Damaged, $"{name} is damaged: {how}");
}

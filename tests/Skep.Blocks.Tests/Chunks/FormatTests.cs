using Skep.Blocks.Chunks;

namespace Skep.Blocks.Tests.Chunks;

/// <summary>Whatever happens to stored bytes is noticed: cut anywhere, changed anywhere.</summary>
public sealed class FormatTests
{
    private const int PackLength = 5_000;
    private static readonly PackEntry[] _entries = [.. Enumerable.Range(0, 5).Select(i => new PackEntry(IdOf(i), 16 + (i * 100), 100, 400 + i, ChunkEncoding.Zstd, (uint)i * 77))];
    private static readonly BlockEntry[] _blocks = [.. Enumerable.Range(0, 7).Select(i => new BlockEntry(i * 3, IdOf(i)))];

    [Fact]
    public void An_index_comes_back()
    {
        Assert.Equal(_entries, PackFormat.DecodeTail(PackFormat.EncodeTail(_entries), PackLength, "pack"));
        Assert.Empty(PackFormat.DecodeTail(PackFormat.EncodeTail([]), PackLength, "pack"));
    }

    [Fact]
    public void An_index_cut_anywhere_is_damaged()
    {
        var tail = PackFormat.EncodeTail(_entries);
        for (var length = 0; length < tail.Length; length++)
        {
            IsDamaged(() => PackFormat.DecodeTail(tail.AsSpan(0, length), PackLength, "pack"));
            IsDamaged(() => PackFormat.DecodeTail(tail.AsSpan(tail.Length - length), PackLength, "pack"));
        }
    }

    [Fact]
    public void An_index_changed_in_any_bit_is_refused()
    {
        var tail = PackFormat.EncodeTail(_entries);
        for (var bit = 0; bit < tail.Length * 8; bit++)
        {
            var changed = tail.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<ChunkStoreException>(() => PackFormat.DecodeTail(changed, PackLength, "pack"));
        }
    }

    [Fact]
    public void An_index_that_reaches_beyond_its_pack_is_damaged()
    {
        var tail = PackFormat.EncodeTail(_entries);
        var end = _entries[^1].Offset + _entries[^1].StoredLength + tail.Length;
        Assert.Equal(_entries, PackFormat.DecodeTail(tail, end, "pack"));
        IsDamaged(() => PackFormat.DecodeTail(tail, end - 1, "pack"));
    }

    [Fact]
    public void A_manifest_comes_back()
    {
        var facts = TableFormat.Decode(Magic.Manifest, Encode(), ChunkJson.Default.SnapshotInfo, "manifest", out var blocks);
        Assert.Equal(("snap-1", _blocks.Length), (facts.SnapshotId, blocks.Length));
        Assert.Equal(_blocks, blocks);
    }

    [Fact]
    public void A_manifest_cut_anywhere_is_damaged()
    {
        var bytes = Encode();
        for (var length = 0; length < bytes.Length; length++)
            IsDamaged(() => TableFormat.Decode(Magic.Manifest, bytes.AsSpan(0, length), ChunkJson.Default.SnapshotInfo, "manifest", out _));
    }

    [Fact]
    public void A_manifest_changed_in_any_bit_is_refused()
    {
        var bytes = Encode();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = bytes.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<ChunkStoreException>(() => TableFormat.Decode(Magic.Manifest, changed, ChunkJson.Default.SnapshotInfo, "manifest", out _));
        }
    }

    [Fact]
    public void A_newer_version_is_said_to_be_newer_and_not_damaged()
    {
        var tail = PackFormat.EncodeTail(_entries);
        tail[^(PackFormat.TrailerLength - 4)] = 2;
        Assert.Equal(ChunkStoreError.Newer, Assert.Throws<ChunkStoreException>(() => PackFormat.DecodeTail(tail, PackLength, "pack")).Error);
        var bytes = Encode();
        bytes[8] = 2;
        Assert.Equal(ChunkStoreError.Newer, Assert.Throws<ChunkStoreException>(() => TableFormat.Decode(Magic.Manifest, bytes, ChunkJson.Default.SnapshotInfo, "manifest", out _)).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_chunk_changed_in_any_byte_or_cut_anywhere_is_never_decoded(bool isEncrypted)
    {
        var codec = new ChunkCodec(isEncrypted ? new byte[32] : null, 1, b => b.Fill(7));
        var plain = new byte[3_000];
        new Random(1).NextBytes(plain.AsSpan(0, 100));
        var id = codec.Identify(plain);
        var stored = new byte[ChunkCodec.StoredLengthMax(plain.Length)];
        var length = codec.Encode(id, plain, stored, out var encoding);
        Array.Resize(ref stored, length);
        var entry = new PackEntry(id, 16, length, plain.Length, encoding, Crc32C.Compute(stored));
        var back = new byte[plain.Length];
        Assert.True(codec.TryDecode(entry, stored, back));
        Assert.Equal(plain, back);
        Assert.True(encoding.HasFlag(ChunkEncoding.Zstd));
        for (var i = 0; i < stored.Length; i++)
        {
            var changed = stored.ToArray();
            changed[i] ^= 0x10;
            Assert.False(codec.TryDecode(entry, changed, back), $"byte {i}");
            // Also when the checksum was made to fit: the identity is the content's.
            Assert.False(codec.TryDecode(entry with { Crc = Crc32C.Compute(changed) }, changed, back) && !back.AsSpan().SequenceEqual(plain), $"byte {i}, checksum adapted");
            var cut = stored[..i];
            Assert.False(codec.TryDecode(entry with { Crc = Crc32C.Compute(cut), StoredLength = i }, cut, back), $"cut to {i}");
        }
    }

    [Fact]
    public void A_chunk_of_one_key_is_not_decoded_with_another_or_with_none()
    {
        var plain = new byte[100];
        plain[5] = 1;
        var codec = new ChunkCodec(new byte[32], 1, b => b.Fill(7));
        var other = new ChunkCodec([.. Enumerable.Repeat((byte)1, 32)], 1, b => b.Fill(7));
        var id = codec.Identify(plain);
        Assert.NotEqual(id, other.Identify(plain));
        var stored = new byte[ChunkCodec.StoredLengthMax(plain.Length)];
        Array.Resize(ref stored, codec.Encode(id, plain, stored, out var encoding));
        var entry = new PackEntry(id, 16, stored.Length, plain.Length, encoding, Crc32C.Compute(stored));
        Assert.False(other.TryDecode(entry, stored, new byte[100]));
        Assert.False(new ChunkCodec(null, 1, b => b.Fill(7)).TryDecode(entry, stored, new byte[100]));
    }

    private static ChunkId IdOf(int i) => new([.. Enumerable.Repeat((byte)(i + 1), 32)]);

    private static byte[] Encode() => TableFormat.Encode(
        Magic.Manifest,
        new SnapshotInfo { SnapshotId = "snap-1", SizeBytes = 1 << 20, BlockBytes = ChunkStore.BlockBytes, Created = DateTimeOffset.UnixEpoch, Token = "t" },
        ChunkJson.Default.SnapshotInfo,
        _blocks);

    private static void IsDamaged(Action decode)
    {
        var ex = Assert.Throws<ChunkStoreException>(decode);
        Assert.Equal(ChunkStoreError.Damaged, ex.Error);
        Assert.Contains("is damaged: ", ex.Message, StringComparison.Ordinal);
    }
}

namespace Skep.Blocks.Log;

/// <summary>
/// What a data object begins with: whose it is, which sectors it has, and where its blocks are. Enough to check every byte
/// of the object without anything else (docs/block-format.md, "Data objects").
/// </summary>
internal sealed class DataObjectHeader
{
    /// <summary>Content is checked, compressed and encrypted in blocks of this many sectors; the last may be shorter.</summary>
    public const int BlockSectors = 128;

    public const int BlockBytes = BlockSectors * Extent.SectorBytes;

    public const string Kind = "DATA";

    public required Guid VolumeId { get; init; }

    public required uint Epoch { get; init; }

    public required uint Id { get; init; }

    public required bool IsEncrypted { get; init; }

    public required byte[] Salt { get; init; }

    public required IReadOnlyList<PlacedExtent> Extents { get; init; }

    /// <summary>Sectors of content.</summary>
    public required uint Sectors { get; init; }

    public required IReadOnlyList<StoredBlock> Blocks { get; init; }

    /// <summary>The bytes of the header of an object with these extents, whatever its content.</summary>
    public static int LengthOf(IReadOnlyList<PlacedExtent> extents)
    {
        uint sectors = 0;
        foreach (var extent in extents)
            sectors += extent.Length;
        return new DataObjectHeader
        {
            VolumeId = default, Epoch = 0, Id = 0, IsEncrypted = false, Salt = new byte[VolumeKey.SaltBytes], Extents = extents, Sectors = sectors,
            Blocks = new StoredBlock[(sectors + BlockSectors - 1) / BlockSectors],
        }.Write().Length;
    }

    public ReadOnlyMemory<byte> Write()
    {
        var to = Envelope.Begin(256 + Extents.Count * 8 + Blocks.Count * 9);
        to.U32(Epoch);
        to.U32(Id);
        to.U8(IsEncrypted ? (byte)1 : (byte)0);
        to.Bytes(Salt);
        ManifestCodec.WriteExtents(to, Extents);
        to.U32(Sectors);
        to.Varint((ulong)Blocks.Count);
        foreach (var block in Blocks)
        {
            to.U32(block.LengthBytes << 1 | (block.IsCompressed ? 1u : 0));
            to.U32(block.Checksum);
        }
        return Envelope.Seal(to, Kind, VolumeId);
    }

    /// <exception cref="LogFormatException">It is no data object, newer, damaged, or not the one expected.</exception>
    public static DataObjectHeader Read(ReadOnlySpan<byte> data, string what, Guid volumeId, uint epoch, uint id)
    {
        var from = new ByteReader(Envelope.Open(data, Kind, what, volumeId), what);
        uint foundEpoch = from.U32(), foundId = from.U32();
        if (foundEpoch != epoch || foundId != id)
            throw new LogFormatException(LogFormatError.Foreign, $"{what} says that it is object {foundId} of epoch {foundEpoch}, expected {id} of {epoch}");
        bool isEncrypted = from.U8() != 0;
        byte[] salt = from.Take(VolumeKey.SaltBytes).ToArray();
        var extents = ManifestCodec.ReadExtents(ref from);
        uint sectors = from.U32();
        var blocks = new StoredBlock[from.Count(8)];
        uint offset = 0;
        for (int i = 0; i < blocks.Length; i++)
        {
            uint length = from.U32();
            blocks[i] = new StoredBlock(offset, length >> 1, from.U32(), (length & 1) != 0);
            if (length >> 1 > BlockBytes + VolumeKey.TagBytes)
                throw from.Damaged($"block {i} has {length >> 1} bytes");
            offset += length >> 1;
        }
        from.End();
        ulong sum = 0;
        foreach (var extent in extents)
            sum += extent.Length;
        if (sum != sectors || (sectors + BlockSectors - 1) / BlockSectors != blocks.Length)
            throw from.Damaged($"{sectors} sectors in {blocks.Length} blocks do not fit to extents of {sum} sectors");
        return new DataObjectHeader
        {
            VolumeId = volumeId, Epoch = epoch, Id = id, IsEncrypted = isEncrypted, Salt = salt, Extents = extents, Sectors = sectors, Blocks = blocks,
        };
    }

    /// <summary>The same, but for the sectors that the content is of: all that decoding takes.</summary>
    public DataObjectHeader WithoutExtents() => new()
    {
        VolumeId = VolumeId, Epoch = Epoch, Id = Id, IsEncrypted = IsEncrypted, Salt = Salt, Extents = [], Sectors = Sectors, Blocks = Blocks,
    };

    /// <summary>Bytes of a block's content.</summary>
    public static int ContentBytes(uint sectors, int block) =>
        (int)Math.Min(BlockSectors, sectors - (uint)block * BlockSectors) * Extent.SectorBytes;
}

/// <summary>A block of a data object as stored.</summary>
/// <param name="Offset">Where it begins, counted from the end of the header.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="Checksum">CRC-32C of the stored bytes.</param>
/// <param name="IsCompressed">Whether it is zstd.</param>
internal readonly record struct StoredBlock(uint Offset, uint LengthBytes, uint Checksum, bool IsCompressed);

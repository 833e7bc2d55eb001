using System.Buffers.Binary;

namespace Skep.Blocks.Log;

/// <summary>
/// The 4 KiB in front of a record's data: several requests that came together share one. All lengths are multiples of
/// 4 KiB, so that an append never makes the kernel read a page first (docs/block-format.md, "Write-ahead log").
/// </summary>
internal readonly record struct WalRecordHeader(ulong Generation, ulong Sequence, ulong SyncedSequence, int EntryCount, uint DataBytes)
{
    public const int HeaderBytes = 4096;
    public const int EntriesMax = (HeaderBytes - EntriesAt) / WalEntry.EntryBytes;
    public const int TagAt = 40;

    private const ushort Version = 1;
    private const int ChecksumAt = 56;
    private const int EntriesAt = 64;
    private static ReadOnlySpan<byte> Magic => "SKWR"u8;

    /// <summary>Bytes of the whole record in the segment.</summary>
    public int TotalBytes => TotalBytesOf(DataBytes);

    public static int TotalBytesOf(uint dataBytes) => HeaderBytes + (int)((dataBytes + 4095) & ~4095u);

    /// <summary>The bytes that the checksum and an encrypted record's tag cover, the checksum taken as zero.</summary>
    public int UsedBytes => UsedBytesOf(EntryCount);

    public static int UsedBytesOf(int entryCount) => EntriesAt + entryCount * WalEntry.EntryBytes;

    /// <summary>Writes all but entries, tag and checksum.</summary>
    public void Write(Span<byte> block)
    {
        block[..EntriesAt].Clear();
        Magic.CopyTo(block);
        BinaryPrimitives.WriteUInt16LittleEndian(block[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(block[6..], (ushort)EntryCount);
        BinaryPrimitives.WriteUInt64LittleEndian(block[8..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(block[16..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(block[24..], SyncedSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(block[32..], DataBytes);
    }

    public static void WriteEntry(Span<byte> block, int index, in WalEntry entry) =>
        entry.Write(block[(EntriesAt + index * WalEntry.EntryBytes)..]);

    public static WalEntry ReadEntry(ReadOnlySpan<byte> block, int index) =>
        WalEntry.Read(block[(EntriesAt + index * WalEntry.EntryBytes)..]);

    /// <summary>Begins the checksum with the header; the data follows.</summary>
    public uint BeginChecksum(ReadOnlySpan<byte> block)
    {
        uint state = Crc32C.Update(Crc32C.Start, block[..ChecksumAt]);
        return Crc32C.Update(state, block[(ChecksumAt + 4)..UsedBytes]);
    }

    public static void WriteChecksum(Span<byte> block, uint checksum) =>
        BinaryPrimitives.WriteUInt32LittleEndian(block[ChecksumAt..], checksum);

    public static uint ReadChecksum(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt32LittleEndian(block[ChecksumAt..]);

    /// <summary>Reads a header; its checksum is not checked yet, for that needs the data.</summary>
    /// <returns>False when there is none.</returns>
    public static bool TryRead(ReadOnlySpan<byte> block, out WalRecordHeader header)
    {
        header = new WalRecordHeader(
            BinaryPrimitives.ReadUInt64LittleEndian(block[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[24..]),
            BinaryPrimitives.ReadUInt16LittleEndian(block[6..]),
            BinaryPrimitives.ReadUInt32LittleEndian(block[32..]));
        return block[..4].SequenceEqual(Magic) && BinaryPrimitives.ReadUInt16LittleEndian(block[4..]) == Version &&
            header.EntryCount is > 0 and <= EntriesMax && header.DataBytes <= int.MaxValue - 2 * HeaderBytes;
    }
}

/// <summary>One request of a record.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Start">The first sector.</param>
/// <param name="Sectors">How many; at most <see cref="Extent.LengthMax"/>.</param>
internal readonly record struct WalEntry(WalKind Kind, ulong Start, uint Sectors)
{
    public const int EntryBytes = 16;

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Start);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], (uint)Kind);
    }

    public static WalEntry Read(ReadOnlySpan<byte> source) => new(
        (WalKind)BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source),
        BinaryPrimitives.ReadUInt32LittleEndian(source[8..]));
}

/// <summary>What a request does to its range.</summary>
internal enum WalKind : uint
{
    Write = 0,
    Hole = 1,
    Zero = 2,
}

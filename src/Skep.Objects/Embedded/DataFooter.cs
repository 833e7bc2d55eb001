using System.Buffers.Binary;

namespace Skep.Objects.Embedded;

/// <summary>
/// The end of a data file, after its bytes: a table with the CRC-32C of every block (4 bytes each), then 32 bytes: "SkObDat1",
/// the file's id (8), the length of the bytes before the table (8), the block size (4), the CRC-32C of table and footer up
/// to here (4). All numbers are little-endian.
/// </summary>
internal static class DataFooter
{
    /// <summary>Bytes after the table.</summary>
    public const int SizeBytes = 32;

    /// <summary>Bytes of the table of a file with so many bytes.</summary>
    public static int TableBytes(long lengthBytes) => checked((int)((lengthBytes + BlockSums.BlockBytes - 1) / BlockSums.BlockBytes * sizeof(uint)));

    /// <summary>Writes the footer behind the table.</summary>
    public static void Write(Span<byte> end, long id, long lengthBytes)
    {
        var footer = end[^SizeBytes..];
        "SkObDat1"u8.CopyTo(footer);
        BinaryPrimitives.WriteInt64LittleEndian(footer[8..], id);
        BinaryPrimitives.WriteInt64LittleEndian(footer[16..], lengthBytes);
        BinaryPrimitives.WriteInt32LittleEndian(footer[24..], BlockSums.BlockBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[28..], BlockSums.Compute(end[..^sizeof(uint)]));
    }

    /// <summary>Says what is wrong with the end of a file; null when nothing is.</summary>
    public static string? Check(ReadOnlySpan<byte> end, long id, long lengthBytes)
    {
        var footer = end[^SizeBytes..];
        if (!footer.StartsWith("SkObDat1"u8))
            return "its footer is missing";
        if (BinaryPrimitives.ReadUInt32LittleEndian(footer[28..]) != BlockSums.Compute(end[..^sizeof(uint)]))
            return "its table of checksums is damaged";
        if (BinaryPrimitives.ReadInt64LittleEndian(footer[8..]) is var found && found != id)
            return $"it is file {Disk.DataNames.Format(found)}";
        if (BinaryPrimitives.ReadInt64LittleEndian(footer[16..]) is var length && length != lengthBytes)
            return $"it holds {length} bytes, expected {lengthBytes}";
        return BinaryPrimitives.ReadInt32LittleEndian(footer[24..]) is var block && block != BlockSums.BlockBytes
            ? $"it has blocks of {block} bytes, expected {BlockSums.BlockBytes}"
            : null;
    }
}

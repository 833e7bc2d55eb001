using System.Buffers.Binary;

namespace Skep.Compute.Images.Tiny;

/// <summary>One entry of an MBR's table, in sectors of 512 bytes.</summary>
internal readonly record struct MbrPartition(byte Type, uint StartSector, uint SectorCount);

/// <summary>
/// A master boot record with a partition table and no boot code. Chosen over GPT for the tiny image because its table
/// has no copy at the disk's end: a guest grows its last partition by writing four bytes.
/// </summary>
internal static class MasterBootRecord
{
    /// <summary>EFI system partition on an MBR disk (UEFI specification, 5.2.2).</summary>
    public const byte EfiSystem = 0xef;

    /// <summary>A Linux file system.</summary>
    public const byte Linux = 0x83;

    private const int TableOffset = 446;
    private const int EntryLength = 16;
    private const int EntriesMax = 4;

    /// <summary>Makes the disk's first sector.</summary>
    public static byte[] Make(uint diskSignature, params ReadOnlySpan<MbrPartition> partitions)
    {
        if (partitions.Length > EntriesMax)
            throw new ArgumentException($"a table has {EntriesMax} entries, not {partitions.Length}", nameof(partitions));
        var sector = new byte[512];
        BinaryPrimitives.WriteUInt32LittleEndian(sector.AsSpan(440), diskSignature);
        for (var i = 0; i < partitions.Length; i++)
        {
            var entry = sector.AsSpan(TableOffset + i * EntryLength, EntryLength);
            // Cylinder, head, sector are past what they can say; FE FF FF tells readers to use the sector numbers.
            entry[1] = entry[5] = 0xfe;
            entry[2] = entry[3] = entry[6] = entry[7] = 0xff;
            entry[4] = partitions[i].Type;
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], partitions[i].StartSector);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], partitions[i].SectorCount);
        }

        sector[510] = 0x55;
        sector[511] = 0xaa;
        return sector;
    }
}

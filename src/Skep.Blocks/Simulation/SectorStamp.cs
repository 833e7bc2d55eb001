using System.Buffers.Binary;

namespace Skep.Blocks.Simulation;

/// <summary>
/// What simulated writes write: every sector of 512 bytes says which write it belongs to and where, and is otherwise filled
/// from both, so that any wrong byte is noticed and a wrong sector explains itself. Write 0 is the zeroes of a new volume.
/// </summary>
public static class SectorStamp
{
    /// <summary>Bytes of a sector.</summary>
    public const int SectorSize = 512;

    /// <summary>What <see cref="Read"/> says of a sector that no write has filled.</summary>
    public const long Garbage = -1;

    private const ulong Magic = 0x504D415453504B53;
    private const int HeaderSize = 24;

    /// <summary>Fills a buffer of whole sectors.</summary>
    /// <param name="destination">The buffer.</param>
    /// <param name="write">The write's number; 0 for zeroes.</param>
    /// <param name="sector">The volume's sector at which the buffer begins.</param>
    public static void Fill(Span<byte> destination, long write, long sector)
    {
        if (write == 0)
        {
            destination.Clear();
            return;
        }
        for (; destination.Length > 0; destination = destination[SectorSize..], sector++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
            BinaryPrimitives.WriteInt64LittleEndian(destination[8..], write);
            BinaryPrimitives.WriteInt64LittleEndian(destination[16..], sector);
            var body = destination[HeaderSize..SectorSize];
            // A third compresses well.
            if (write % 3 == 0)
                body.Fill((byte)(write + sector));
            else
                new SimulationRandom(((ulong)write << 32) ^ (ulong)sector).Fill(body);
        }
    }

    /// <summary>Which write filled a sector: its number, 0 for zeroes, <see cref="Garbage"/> when none did or another sector's data is there.</summary>
    public static long Read(ReadOnlySpan<byte> content, long sector)
    {
        if (!content.ContainsAnyExcept((byte)0))
            return 0;
        var write = BinaryPrimitives.ReadInt64LittleEndian(content[8..]);
        if (write <= 0)
            return Garbage;
        Span<byte> expected = stackalloc byte[SectorSize];
        Fill(expected, write, sector);
        return expected.SequenceEqual(content) ? write : Garbage;
    }

    /// <summary>Describes a sector's content for a message.</summary>
    public static string Describe(ReadOnlySpan<byte> content, long sector)
    {
        var write = Read(content, sector);
        if (write != Garbage)
            return write == 0 ? "zeroes" : $"write {write}";
        if (BinaryPrimitives.ReadUInt64LittleEndian(content) != Magic)
            return $"bytes that were never written ({Convert.ToHexString(content[..16])}…)";
        var (id, place) = (BinaryPrimitives.ReadInt64LittleEndian(content[8..]), BinaryPrimitives.ReadInt64LittleEndian(content[16..]));
        return place == sector ? $"a damaged sector of write {id}" : $"sector {place} of write {id}";
    }
}

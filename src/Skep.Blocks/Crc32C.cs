using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Skep.Blocks.Log;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace Skep.Blocks;

/// <summary>
/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where there is one. That instruction answers
/// after three cycles and can begin every cycle, so long data goes through three at once: three lanes, whose
/// checksums a carry-less multiplication puts together.
/// </summary>
internal static class Crc32C
{
    private const uint PolynomialReflected = 0x82F63B78;
    private const int LaneBytes = 1360;
    private const int LanesBytes = 3 * LaneBytes;

    /// <summary>
    /// What a checksum is multiplied with to append a lane of zeroes: x^(8 · bytes - 33), for the product of two reflected
    /// numbers is one bit too low and the instruction multiplies with x^32.
    /// </summary>
    private static readonly uint _laneShift = PowerOfX(8 * LaneBytes - 33);

    /// <summary>The same for a sector.</summary>
    private static readonly uint _sectorShift = PowerOfX(8 * Extent.SectorBytes - 33);

    /// <summary>The checksum of some bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => ~Update(uint.MaxValue, data);

    /// <summary>Starts a checksum over several pieces: <see cref="Update"/> each, then <see cref="Finish"/>.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>Ends a checksum over several pieces.</summary>
    public static uint Finish(uint state) => ~state;

    /// <summary>Adds a piece.</summary>
    public static uint Update(uint state, ReadOnlySpan<byte> data)
    {
        if (CanMultiply)
        {
            for (; data.Length >= LanesBytes; data = data[LanesBytes..])
                state = UpdateLanes(state, data);
        }
        return UpdateSerially(state, data);
    }

    /// <summary>Adds a piece of whole sectors, and says the checksum of each of them: in one pass over the data.</summary>
    /// <param name="state">The checksum so far.</param>
    /// <param name="data">Whole sectors.</param>
    /// <param name="sectors">Receives the sectors' own checksums, as <see cref="Compute"/> says them.</param>
    public static uint UpdateSectors(uint state, ReadOnlySpan<byte> data, Span<uint> sectors)
    {
        int at = 0;
        for (; CanMultiply && data.Length >= 3 * Extent.SectorBytes; at += 3, data = data[(3 * Extent.SectorBytes)..])
        {
            var (first, second, third) = UpdateThree(Start, Start, Start, data, Extent.SectorBytes);
            state = AppendSector(AppendSector(AppendSector(state, first), second), third);
            (sectors[at], sectors[at + 1], sectors[at + 2]) = (~first, ~second, ~third);
        }
        for (; data.Length > 0; at++, data = data[Extent.SectorBytes..])
        {
            sectors[at] = Compute(data[..Extent.SectorBytes]);
            state = UpdateSerially(state, data[..Extent.SectorBytes]);
        }
        return state;
    }

    /// <summary>Adds a piece, word by word.</summary>
    internal static uint UpdateSerially(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 32)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data[8..]));
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data[16..]));
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data[24..]));
            data = data[32..];
        }
        while (data.Length >= 8)
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        foreach (byte b in data)
            state = BitOperations.Crc32C(state, b);
        return state;
    }

    private static uint UpdateLanes(uint state, ReadOnlySpan<byte> data)
    {
        var (first, second, third) = UpdateThree(state, 0, 0, data, LaneBytes);
        return AppendLane(AppendLane(first) ^ second) ^ third;
    }

    /// <summary>Three checksums, each of a lane of its own: the lanes follow one another in the data.</summary>
    private static (uint First, uint Second, uint Third) UpdateThree(uint first, uint second, uint third, ReadOnlySpan<byte> data, int laneBytes)
    {
        var firstLane = MemoryMarshal.Cast<byte, ulong>(data[..laneBytes]);
        var secondLane = MemoryMarshal.Cast<byte, ulong>(data.Slice(laneBytes, laneBytes));
        var thirdLane = MemoryMarshal.Cast<byte, ulong>(data.Slice(2 * laneBytes, laneBytes));
        for (int i = 0; i < firstLane.Length && i < secondLane.Length && i < thirdLane.Length; i++)
        {
            first = BitOperations.Crc32C(first, firstLane[i]);
            second = BitOperations.Crc32C(second, secondLane[i]);
            third = BitOperations.Crc32C(third, thirdLane[i]);
        }
        return (first, second, third);
    }

    /// <summary>The checksum after a sector whose own, begun with <see cref="Start"/>, is known: checksums are linear.</summary>
    private static uint AppendSector(uint state, uint sector) => BitOperations.Crc32C(0, Multiply(state ^ Start, _sectorShift)) ^ sector;

    /// <summary>The checksum after a lane of zeroes.</summary>
    private static uint AppendLane(uint state) => BitOperations.Crc32C(0, Multiply(state, _laneShift));

    // Both processors that have the multiplication are little-endian here.
    private static bool CanMultiply => Pclmulqdq.IsSupported || ArmAes.IsSupported;

    private static ulong Multiply(uint left, uint right) => Pclmulqdq.IsSupported
        ? Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar((ulong)left), Vector128.CreateScalar((ulong)right), 0x00).ToScalar()
        : ArmAes.PolynomialMultiplyWideningLower(Vector64.CreateScalar((ulong)left), Vector64.CreateScalar((ulong)right)).ToScalar();

    /// <summary>A power of x modulo the polynomial; the highest bit is x^0.</summary>
    private static uint PowerOfX(int exponent)
    {
        uint power = 0x80000000;
        for (int i = 0; i < exponent; i++)
            power = (power >> 1) ^ ((power & 1) * PolynomialReflected);
        return power;
    }
}

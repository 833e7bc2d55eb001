using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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

    /// <summary>The checksum of some bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => ~Update(uint.MaxValue, data);

    /// <summary>Starts a checksum over several pieces: <see cref="Update"/> each, then <see cref="Finish"/>.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>Ends a checksum over several pieces.</summary>
    public static uint Finish(uint state) => ~state;

    /// <summary>Adds a piece.</summary>
    public static uint Update(uint state, ReadOnlySpan<byte> data)
    {
        if (Pclmulqdq.IsSupported || ArmAes.IsSupported)
        {
            for (; data.Length >= LanesBytes; data = data[LanesBytes..])
                state = UpdateLanes(state, data);
        }
        return UpdateSerially(state, data);
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
        // Both processors that have the multiplication are little-endian here.
        var first = MemoryMarshal.Cast<byte, ulong>(data[..LaneBytes]);
        var second = MemoryMarshal.Cast<byte, ulong>(data.Slice(LaneBytes, LaneBytes));
        var third = MemoryMarshal.Cast<byte, ulong>(data.Slice(2 * LaneBytes, LaneBytes));
        uint secondState = 0, thirdState = 0;
        for (int i = 0; i < first.Length && i < second.Length && i < third.Length; i++)
        {
            state = BitOperations.Crc32C(state, first[i]);
            secondState = BitOperations.Crc32C(secondState, second[i]);
            thirdState = BitOperations.Crc32C(thirdState, third[i]);
        }
        return AppendLane(AppendLane(state) ^ secondState) ^ thirdState;
    }

    /// <summary>The checksum after a lane of zeroes.</summary>
    private static uint AppendLane(uint state) => BitOperations.Crc32C(0, Multiply(state, _laneShift));

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

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Skep.Objects.Checksums;

/// <summary>
/// A reflected CRC of 32 or 64 bits whose initial value and final inversion are all ones. A word holds a polynomial with the
/// highest power in its lowest bit. Long inputs are folded with carry-less multiplication where the processor has it
/// (V. Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009); what is left over
/// goes through tables, eight bytes a step. All constants are computed from the polynomial.
/// </summary>
internal sealed class Crc
{
    /// <summary>Below this the tables are as quick.</summary>
    private const int FoldBytesMin = 128;

    private readonly ulong _polynomial;
    private readonly int _width;
    private readonly ulong[] _tables = new ulong[8 * 256];
    private readonly Vector128<ulong> _fold512;
    private readonly Vector128<ulong> _fold128;

    private Crc(int width, ulong polynomial)
    {
        _width = width;
        _polynomial = polynomial;
        for (var i = 0; i < 256; i++)
        {
            var value = (ulong)i;
            for (var bit = 0; bit < 8; bit++)
                value = TimesX(value);
            _tables[i] = value;
        }

        for (var i = 256; i < _tables.Length; i++)
            _tables[i] = _tables[_tables[i - 256] & 0xff] ^ (_tables[i - 256] >> 8);
        _fold512 = FoldBy(512);
        _fold128 = FoldBy(128);
    }

    /// <summary>CRC-32 (polynomial 0x04C11DB7).</summary>
    public static Crc Crc32 { get; } = new(32, 0xEDB88320);

    /// <summary>CRC-32C (polynomial 0x1EDC6F41).</summary>
    public static Crc Crc32C { get; } = new(32, 0x82F63B78);

    /// <summary>CRC-64/NVME (polynomial 0xAD93D23594C93659).</summary>
    public static Crc Crc64Nvme { get; } = new(64, 0x9A6C9329AC4BC9B5);

    /// <summary>Bytes of a digest.</summary>
    public int SizeBytes => _width / 8;

    private ulong Mask => _width == 64 ? ulong.MaxValue : (1UL << _width) - 1;

    /// <summary>The CRC of bytes that follow those whose CRC is given; 0 is the CRC of no bytes.</summary>
    public ulong Append(ulong crc, ReadOnlySpan<byte> bytes) => Update(crc ^ Mask, bytes, canFold: CarrylessMultiply.IsSupported) ^ Mask;

    /// <summary>The same without the processor's help.</summary>
    public ulong AppendPortable(ulong crc, ReadOnlySpan<byte> bytes) => Update(crc ^ Mask, bytes, canFold: false) ^ Mask;

    /// <summary>The CRC of two runs of bytes from the CRC of each.</summary>
    /// <param name="first">The CRC of the first.</param>
    /// <param name="second">The CRC of the second.</param>
    /// <param name="secondLengthBytes">The length of the second.</param>
    public ulong Combine(ulong first, ulong second, long secondLengthBytes) =>
        Multiply(PowerOfX((UInt128)(ulong)secondLengthBytes * 8), first) ^ second;

    private ulong Update(ulong state, ReadOnlySpan<byte> bytes, bool canFold)
    {
        if (canFold && bytes.Length >= FoldBytesMin)
        {
            Span<byte> rest = stackalloc byte[16];
            var folded = Fold(state, bytes, rest);
            state = UpdateByTables(0, rest);
            bytes = bytes[folded..];
        }

        return UpdateByTables(state, bytes);
    }

    /// <summary>Makes 16 bytes whose CRC is that of the state and the bytes folded.</summary>
    /// <returns>How many bytes were folded.</returns>
    private int Fold(ulong state, ReadOnlySpan<byte> bytes, Span<byte> rest)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        var a = Load(ref start, 0) ^ Vector128.Create(state, 0UL);
        var b = Load(ref start, 16);
        var c = Load(ref start, 32);
        var d = Load(ref start, 48);
        var position = 64;
        for (; position + 64 <= bytes.Length; position += 64)
        {
            a = CarrylessMultiply.Fold(a, _fold512) ^ Load(ref start, position);
            b = CarrylessMultiply.Fold(b, _fold512) ^ Load(ref start, position + 16);
            c = CarrylessMultiply.Fold(c, _fold512) ^ Load(ref start, position + 32);
            d = CarrylessMultiply.Fold(d, _fold512) ^ Load(ref start, position + 48);
        }

        a = CarrylessMultiply.Fold(a, _fold128) ^ b;
        a = CarrylessMultiply.Fold(a, _fold128) ^ c;
        a = CarrylessMultiply.Fold(a, _fold128) ^ d;
        for (; position + 16 <= bytes.Length; position += 16)
            a = CarrylessMultiply.Fold(a, _fold128) ^ Load(ref start, position);
        BinaryPrimitives.WriteUInt64LittleEndian(rest, a[0]);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], a[1]);
        return position;
    }

    private static Vector128<ulong> Load(ref byte start, int offset) =>
        Unsafe.ReadUnaligned<Vector128<ulong>>(ref Unsafe.Add(ref start, offset));

    private ulong UpdateByTables(ulong state, ReadOnlySpan<byte> bytes)
    {
        var tables = _tables;
        while (bytes.Length >= 8)
        {
            var word = state ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            state = tables[(7 * 256) + (int)(word & 0xff)]
                ^ tables[(6 * 256) + (int)((word >> 8) & 0xff)]
                ^ tables[(5 * 256) + (int)((word >> 16) & 0xff)]
                ^ tables[(4 * 256) + (int)((word >> 24) & 0xff)]
                ^ tables[(3 * 256) + (int)((word >> 32) & 0xff)]
                ^ tables[(2 * 256) + (int)((word >> 40) & 0xff)]
                ^ tables[256 + (int)((word >> 48) & 0xff)]
                ^ tables[(int)(word >> 56)];
            bytes = bytes[8..];
        }

        foreach (var value in bytes)
            state = tables[(int)((state ^ value) & 0xff)] ^ (state >> 8);
        return state;
    }

    /// <summary>
    /// What moves 128 bits forward by a distance: the low word (higher powers) times x^(distance+64), the high word times
    /// x^distance. One power less each, because the product of two reflected words stands one bit too high.
    /// </summary>
    private Vector128<ulong> FoldBy(int distanceBits) =>
        Vector128.Create(PowerOfX((UInt128)(distanceBits + 63)) << (64 - _width), PowerOfX((UInt128)(distanceBits - 1)) << (64 - _width));

    private ulong TimesX(ulong value) => (value & 1) == 0 ? value >> 1 : (value >> 1) ^ _polynomial;

    private ulong Multiply(ulong a, ulong b)
    {
        var product = 0UL;
        for (var mask = 1UL << (_width - 1); mask != 0; mask >>= 1)
        {
            if ((a & mask) != 0)
                product ^= b;
            b = TimesX(b);
        }

        return product;
    }

    private ulong PowerOfX(UInt128 exponent)
    {
        var result = 1UL << (_width - 1); // x^0
        var square = 1UL << (_width - 2); // x^1
        for (; exponent != 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0)
                result = Multiply(result, square);
            square = Multiply(square, square);
        }

        return result;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Skep.Blocks.Log;

/// <summary>Reads what <see cref="ByteWriter"/> wrote. Whatever does not fit is a <see cref="LogFormatException"/>.</summary>
/// <param name="data">The bytes.</param>
/// <param name="what">Names the file or object in messages.</param>
internal ref struct ByteReader(ReadOnlySpan<byte> data, string what)
{
    private ReadOnlySpan<byte> _rest = data;

    public readonly int Remaining => _rest.Length;

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public Guid Id() => new(Take(16), bigEndian: true);

    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = U8();
            if (shift == 63 && b > 1)
                break;
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Damaged("a number is longer than 64 bits");
    }

    public uint Varint32()
    {
        ulong value = Varint();
        return value <= uint.MaxValue ? (uint)value : throw Damaged($"the number {value} is longer than 32 bits");
    }

    /// <summary>How many items follow, checked against the bytes that are left so that damage cannot ask for much memory.</summary>
    public int Count(int itemBytesMin)
    {
        ulong value = Varint();
        return value <= (ulong)(_rest.Length / itemBytesMin)
            ? (int)value
            : throw Damaged($"{value} items of at least {itemBytesMin} bytes are announced and {_rest.Length} bytes are left");
    }

    public byte[] Blob() => Take(Count(1)).ToArray();

    public string Text() => Encoding.UTF8.GetString(Take(Count(1)));

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Damaged($"{count} bytes are needed and {_rest.Length} are left");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    /// <summary>Fails when bytes are left over.</summary>
    public readonly void End()
    {
        if (_rest.Length > 0)
            throw Damaged($"{_rest.Length} bytes are left over");
    }

    public readonly LogFormatException Damaged(string detail) => new(LogFormatError.Damaged, $"{what} is damaged: {detail}");
}

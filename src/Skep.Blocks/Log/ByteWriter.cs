using System.Buffers.Binary;
using System.Text;

namespace Skep.Blocks.Log;

/// <summary>Writes the fields of the formats, little-endian, into a buffer that grows.</summary>
internal sealed class ByteWriter(int capacity = 256)
{
    private byte[] _buffer = new byte[capacity];

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public Span<byte> WrittenSpan => _buffer.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void U8(byte value) => Take(1)[0] = value;

    public void U16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    public void U32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    public void U64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    public void Id(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    /// <summary>LEB128: seven bits a byte, lowest first.</summary>
    public void Varint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        int count = 0;
        while (value >= 0x80)
        {
            bytes[count++] = (byte)(value | 0x80);
            value >>= 7;
        }
        bytes[count++] = (byte)value;
        Bytes(bytes[..count]);
    }

    /// <summary>A length as varint, then that many bytes.</summary>
    public void Blob(ReadOnlySpan<byte> value)
    {
        Varint((ulong)value.Length);
        Bytes(value);
    }

    public void Text(string value) => Blob(Encoding.UTF8.GetBytes(value));

    /// <summary>Bytes to fill by the caller.</summary>
    public Span<byte> Take(int count)
    {
        if (_buffer.Length - Length < count)
            Array.Resize(ref _buffer, Math.Max(Length + count, checked(_buffer.Length * 2)));
        Length += count;
        return _buffer.AsSpan(Length - count, count);
    }
}

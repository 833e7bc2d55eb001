using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Skep.Compute.KeyPairs;

/// <summary>Writes the data types of the SSH protocol, RFC 4251 section 5.</summary>
internal sealed class SshWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public SshWriter UInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        _buffer.Write(bytes);
        return this;
    }

    public SshWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        UInt32((uint)bytes.Length);
        _buffer.Write(bytes);
        return this;
    }

    public SshWriter Text(string text) => Bytes(Encoding.UTF8.GetBytes(text));

    /// <summary>An unsigned number as mpint: shortest form, a zero byte in front where the top bit is set.</summary>
    public SshWriter MPInt(ReadOnlySpan<byte> bigEndian) =>
        Bytes(new BigInteger(bigEndian, isUnsigned: true, isBigEndian: true) is { IsZero: false } number ? number.ToByteArray(isBigEndian: true) : []);

    public SshWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        return this;
    }

    public int Length => _buffer.WrittenCount;
}

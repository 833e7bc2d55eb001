using System.Buffers;
using System.Text;

namespace Skep.Kubernetes.Protobuf;

/// <summary>Writes the protobuf wire format. Nested messages are written to a writer of their own first.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>Writes a string; the empty one is absent in proto3.</summary>
    public ProtobufWriter Text(int field, string text)
    {
        if (text.Length > 0)
            Bytes(field, Encoding.UTF8.GetBytes(text));
        return this;
    }

    /// <summary>Writes a nested message, also when it is empty.</summary>
    public ProtobufWriter Message(int field, ProtobufWriter message)
    {
        Bytes(field, message.Written);
        return this;
    }

    private void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Varint((uint)((field << 3) | ProtobufReader.LengthDelimited));
        Varint((uint)bytes.Length);
        _buffer.Write(bytes);
    }

    private void Varint(uint value)
    {
        Span<byte> bytes = stackalloc byte[5];
        var count = 0;
        while (value >= 0x80)
        {
            bytes[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[count++] = (byte)value;
        _buffer.Write(bytes[..count]);
    }
}

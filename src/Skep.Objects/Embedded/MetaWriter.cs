using System.Buffers;
using System.Text;

namespace Skep.Objects.Embedded;

/// <summary>Writes the stored form of metadata: numbers as LEB128, texts and byte strings after their length.</summary>
internal sealed class MetaWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new(128);

    /// <summary>What was written.</summary>
    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    /// <summary>Writes a number.</summary>
    public MetaWriter Number(long value)
    {
        var rest = (ulong)value;
        do
        {
            var digit = (byte)(rest & 0x7f);
            rest >>= 7;
            _bytes.GetSpan(1)[0] = rest == 0 ? digit : (byte)(digit | 0x80);
            _bytes.Advance(1);
        }
        while (rest != 0);
        return this;
    }

    /// <summary>Writes bytes.</summary>
    public MetaWriter Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        _bytes.Write(value);
        return this;
    }

    /// <summary>Writes a text.</summary>
    public MetaWriter Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Number(length);
        _bytes.Advance(Encoding.UTF8.GetBytes(value, _bytes.GetSpan(length)));
        return this;
    }

    /// <summary>Writes pairs of texts.</summary>
    public MetaWriter Pairs(IReadOnlyList<KeyValuePair<string, string>> pairs)
    {
        Number(pairs.Count);
        foreach (var (name, value) in pairs)
            Text(name).Text(value);
        return this;
    }
}

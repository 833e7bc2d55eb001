using System.Text;
using System.Text.Unicode;
using Skep.Kubernetes.Errors;

namespace Skep.Kubernetes.Protobuf;

/// <summary>Reads the protobuf wire format. Every length is checked against what is there.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    public const int Varint = 0;
    public const int LengthDelimited = 2;
    private const int Fixed64 = 1;
    private const int Fixed32 = 5;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Reads the next field's number and wire type; false at the end.</summary>
    public bool ReadTag(out int field, out int wireType)
    {
        (field, wireType) = (0, 0);
        if (_rest.IsEmpty)
            return false;
        var tag = ReadVarint();
        (field, wireType) = ((int)(tag >> 3), (int)(tag & 7));
        return field > 0 && tag >> 3 <= 0x1fff_ffff ? true : throw Malformed("a field number is out of range");
    }

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var i = 0; i < 10; i++)
        {
            if (i >= _rest.Length)
                throw Malformed("a number is cut short");
            value |= (ulong)(_rest[i] & 0x7f) << (7 * i);
            if (_rest[i] < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        throw Malformed("a number is longer than ten bytes");
    }

    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = ReadVarint();
        if (length > (ulong)_rest.Length)
            throw Malformed("a field is longer than what follows");
        var content = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return content;
    }

    public string ReadText()
    {
        var text = ReadBytes();
        return Utf8.IsValid(text) ? Encoding.UTF8.GetString(text) : throw Malformed("a string is not valid UTF-8");
    }

    /// <summary>Passes over a field that is not known.</summary>
    public void Skip(int wireType)
    {
        switch (wireType)
        {
            case Varint:
                ReadVarint();
                break;
            case LengthDelimited:
                ReadBytes();
                break;
            case Fixed64 or Fixed32:
                var size = wireType == Fixed64 ? 8 : 4;
                if (_rest.Length < size)
                    throw Malformed("a field is cut short");
                _rest = _rest[size..];
                break;
            default:
                throw Malformed($"wire type {wireType} is not supported");
        }
    }

    public static ApiException Malformed(string why) => ApiErrors.BadRequest($"the protobuf body is malformed: {why}");
}

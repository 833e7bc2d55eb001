using System.Buffers.Binary;
using System.Text;

namespace Skep.Networking.Dns;

/// <summary>DNS codes: RFC 1035, sections 3.2.2 and 4.1.1.</summary>
internal static class DnsCode
{
    public const ushort TypeA = 1;
    public const ushort TypePtr = 12;
    public const ushort TypeAny = 255;
    public const ushort ClassInternet = 1;
    public const int Ok = 0;
    public const int FormatError = 1;
    public const int ServerFailure = 2;
    public const int NameError = 3;
    public const int NotImplemented = 4;
}

/// <summary>
/// A query's header and its one question (RFC 1035, section 4.1). The rest of the message is not looked at: what this
/// server does not answer itself it passes on as it came.
/// </summary>
internal readonly record struct DnsQuestion
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 12;

    private const int NameLengthMax = 255;
    private const int LabelLengthMax = 63;

    /// <summary>The client's number of the query.</summary>
    public required ushort Id { get; init; }

    /// <summary>Lower-case, without the final dot; "" is the root. Bytes that are no printable ASCII become '?'.</summary>
    public required string Name { get; init; }
    public required ushort Type { get; init; }
    public required ushort Class { get; init; }

    /// <summary>Bytes of header and question together.</summary>
    public required int Length { get; init; }

    /// <summary>Reads a query.</summary>
    /// <returns>
    /// <see cref="DnsCode.Ok"/>; the code to answer with when it is a query that cannot be served; or null for what deserves
    /// no answer: too short, or itself an answer.
    /// </returns>
    public static int? TryParse(ReadOnlySpan<byte> message, out DnsQuestion question)
    {
        question = default;
        if (message.Length < HeaderLength || (message[2] & 0x80) != 0)
            return null;
        if ((message[2] & 0x78) != 0)
            return DnsCode.NotImplemented; // opcodes other than QUERY
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1 || BinaryPrimitives.ReadUInt16BigEndian(message[6..]) != 0)
            return DnsCode.FormatError;
        var name = new StringBuilder();
        var position = HeaderLength;
        while (true)
        {
            if (position >= message.Length)
                return DnsCode.FormatError;
            int length = message[position++];
            if (length == 0)
                break;
            // A pointer (two high bits) cannot come before anything to point at.
            if (length > LabelLengthMax || position + length > message.Length || position + length - HeaderLength >= NameLengthMax)
                return DnsCode.FormatError;
            if (name.Length > 0)
                name.Append('.');
            foreach (var b in message.Slice(position, length))
                name.Append(b is > 0x20 and < 0x7f and not (byte)'.' ? char.ToLowerInvariant((char)b) : '?');
            position += length;
        }

        if (position + 4 > message.Length)
            return DnsCode.FormatError;
        question = new DnsQuestion
        {
            Id = BinaryPrimitives.ReadUInt16BigEndian(message),
            Name = name.ToString(),
            Type = BinaryPrimitives.ReadUInt16BigEndian(message[position..]),
            Class = BinaryPrimitives.ReadUInt16BigEndian(message[(position + 2)..]),
            Length = position + 4,
        };
        return DnsCode.Ok;
    }
}

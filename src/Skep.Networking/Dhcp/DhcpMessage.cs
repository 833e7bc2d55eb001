using System.Buffers.Binary;
using System.Net;
using Skep.Networking.Addresses;

namespace Skep.Networking.Dhcp;

/// <summary>One DHCP message over Ethernet: RFC 2131, section 2, and RFC 2132 for the options.</summary>
internal sealed class DhcpMessage
{
    /// <summary>Fixed fields, before the magic cookie.</summary>
    public const int HeaderLength = 236;

    /// <summary>The largest message that is read: what fits an Ethernet frame.</summary>
    public const int LengthMax = 1500;

    /// <summary>BOOTP's whole message: some clients refuse shorter ones.</summary>
    private const int LengthMin = 300;

    private const uint MagicCookie = 0x63825363;
    private const byte EthernetType = 1;
    private const ushort BroadcastFlag = 0x8000;
    private const int MacOffset = 28;
    private const int ServerNameOffset = 44;
    private const int ServerNameLength = 64;
    private const int FileOffset = 108;
    private const int FileLength = 128;
    private const int OptionLengthMax = 255;

    /// <summary>Whether it is a reply of a server (op 2) rather than a client's request (op 1).</summary>
    public bool IsReply { get; init; }

    /// <summary>The client's number of the exchange (xid).</summary>
    public uint TransactionId { get; init; }

    /// <summary>Seconds since the client began.</summary>
    public ushort Seconds { get; init; }

    /// <summary>The client cannot receive unicast yet.</summary>
    public bool IsBroadcast { get; init; }

    /// <summary>ciaddr: the address that the client uses.</summary>
    public IPAddress ClientAddress { get; init; } = IPAddress.Any;

    /// <summary>yiaddr: the address that the client gets.</summary>
    public IPAddress YourAddress { get; init; } = IPAddress.Any;

    /// <summary>giaddr: the relay between.</summary>
    public IPAddress RelayAddress { get; init; } = IPAddress.Any;

    /// <summary>chaddr.</summary>
    public MacAddress ClientMac { get; init; }

    /// <summary>Options by code, in the order of the message; those that were split are joined (RFC 3396).</summary>
    public IReadOnlyDictionary<byte, byte[]> Options { get; init; } = new Dictionary<byte, byte[]>();

    /// <summary>Option 53; null when it is missing or unknown: then it is plain BOOTP.</summary>
    public DhcpMessageType? Type =>
        Options.TryGetValue(DhcpOption.MessageType, out var value) && value is [>= 1 and <= 8 and var type] ? (DhcpMessageType)type : null;

    /// <summary>An option that is one IPv4 address; null when it is missing or has another length.</summary>
    public IPAddress? AddressOption(byte code) =>
        Options.TryGetValue(code, out var value) && value.Length == 4 ? new IPAddress(value) : null;

    /// <summary>Reads a message. False for anything that is not DHCP over Ethernet: garbage is no error, it is dropped.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out DhcpMessage message)
    {
        message = new DhcpMessage();
        if (bytes.Length is < HeaderLength + 4 or > LengthMax
            || bytes[0] is not (1 or 2)
            || bytes[1] != EthernetType
            || bytes[2] != MacAddress.Length
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[HeaderLength..]) != MagicCookie)
        {
            return false;
        }

        var options = new Dictionary<byte, byte[]>();
        if (!TryParseOptions(bytes[(HeaderLength + 4)..], options))
            return false;
        // RFC 2131, section 4.1: the option says that file (1), sname (2) or both carry more options, in this order.
        var overload = options.TryGetValue(DhcpOption.Overload, out var value) && value is [var where] ? where : 0;
        if ((overload & 1) != 0 && !TryParseOptions(bytes.Slice(FileOffset, FileLength), options))
            return false;
        if ((overload & 2) != 0 && !TryParseOptions(bytes.Slice(ServerNameOffset, ServerNameLength), options))
            return false;
        message = new DhcpMessage
        {
            IsReply = bytes[0] == 2,
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            Seconds = BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]),
            IsBroadcast = (BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]) & BroadcastFlag) != 0,
            ClientAddress = new IPAddress(bytes.Slice(12, 4)),
            YourAddress = new IPAddress(bytes.Slice(16, 4)),
            RelayAddress = new IPAddress(bytes.Slice(24, 4)),
            ClientMac = MacAddress.Read(bytes[MacOffset..]),
            Options = options,
        };
        return true;
    }

    /// <summary>Writes the message.</summary>
    public byte[] ToBytes()
    {
        var optionsLength = Options.Sum(o => o.Value.Length + (2 * Math.Max(1, (o.Value.Length + OptionLengthMax - 1) / OptionLengthMax)));
        var bytes = new byte[Math.Max(LengthMin, HeaderLength + 4 + optionsLength + 1)];
        var span = bytes.AsSpan();
        span[0] = IsReply ? (byte)2 : (byte)1;
        span[1] = EthernetType;
        span[2] = MacAddress.Length;
        BinaryPrimitives.WriteUInt32BigEndian(span[4..], TransactionId);
        BinaryPrimitives.WriteUInt16BigEndian(span[8..], Seconds);
        BinaryPrimitives.WriteUInt16BigEndian(span[10..], IsBroadcast ? BroadcastFlag : (ushort)0);
        ClientAddress.TryWriteBytes(span[12..], out _);
        YourAddress.TryWriteBytes(span[16..], out _);
        RelayAddress.TryWriteBytes(span[24..], out _);
        ClientMac.Write(span[MacOffset..]);
        BinaryPrimitives.WriteUInt32BigEndian(span[HeaderLength..], MagicCookie);
        var target = span[(HeaderLength + 4)..];
        foreach (var (code, value) in Options)
        {
            var rest = value.AsSpan();
            do
            {
                var part = rest[..Math.Min(rest.Length, OptionLengthMax)];
                target[0] = code;
                target[1] = (byte)part.Length;
                part.CopyTo(target[2..]);
                target = target[(2 + part.Length)..];
                rest = rest[part.Length..];
            }
            while (rest.Length > 0);
        }

        target[0] = DhcpOption.End;
        return bytes;
    }

    private static bool TryParseOptions(ReadOnlySpan<byte> field, Dictionary<byte, byte[]> options)
    {
        while (field.Length > 0 && field[0] != DhcpOption.End)
        {
            if (field[0] == DhcpOption.Pad)
            {
                field = field[1..];
                continue;
            }

            if (field.Length < 2 || field.Length < 2 + field[1])
                return false;
            var value = field.Slice(2, field[1]).ToArray();
            options[field[0]] = options.TryGetValue(field[0], out var earlier) ? [.. earlier, .. value] : value;
            field = field[(2 + value.Length)..];
        }

        return true;
    }
}

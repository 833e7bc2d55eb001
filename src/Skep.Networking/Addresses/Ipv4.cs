using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Skep.Networking.Addresses;

/// <summary>IPv4 addresses and ranges: strict reading, and arithmetic in host byte order.</summary>
public static class Ipv4
{
    /// <summary>The address as a number: 10.0.0.1 is 0x0a000001.</summary>
    public static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[4];
        return address.AddressFamily is AddressFamily.InterNetwork && address.TryWriteBytes(bytes, out _)
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : throw new ArgumentException($"{address} is not an IPv4 address", nameof(address));
    }

    /// <summary>The address of a number.</summary>
    public static IPAddress FromNumber(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    /// <summary>Reads "a.b.c.d" and nothing else: no short, hexadecimal or octal forms.</summary>
    public static bool TryParseAddress(string? text, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address) && address.AddressFamily is AddressFamily.InterNetwork && address.ToString() == text;

    /// <summary>Reads "a.b.c.d/n" whose host bits are zero.</summary>
    public static bool TryParseNetwork(string? text, out IPNetwork network)
    {
        network = default;
        return text?.IndexOf('/') is { } slash and > 0
            && TryParseAddress(text[..slash], out _)
            && IPNetwork.TryParse(text, out network)
            && network.ToString() == text;
    }

    /// <summary>How many addresses a range has.</summary>
    public static long Size(IPNetwork network) => 1L << (32 - network.PrefixLength);

    /// <summary>The address at an offset from a range's first.</summary>
    public static IPAddress At(IPNetwork network, long offset) => FromNumber((uint)(ToNumber(network.BaseAddress) + offset));

    /// <summary>A range's last address: its broadcast address.</summary>
    public static IPAddress Last(IPNetwork network) => At(network, Size(network) - 1);

    /// <summary>The mask of a prefix length.</summary>
    public static IPAddress Mask(int prefixLength) => FromNumber(prefixLength == 0 ? 0 : uint.MaxValue << (32 - prefixLength));

    /// <summary>Whether every address of one range is in another.</summary>
    public static bool Contains(IPNetwork outer, IPNetwork inner) =>
        outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    /// <summary>Whether two ranges share an address.</summary>
    public static bool Overlap(IPNetwork a, IPNetwork b) => Contains(a, b) || Contains(b, a);
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Skep.Core.Identity.Policies.Conditions;

/// <summary>A value of IpAddress and NotIpAddress: an address, or a range in CIDR form.</summary>
internal sealed class AddressValue : ConditionValue
{
    /// <summary>Ranges with fewer bits are broad: S3 takes them as open to the public.</summary>
    private const int NarrowBitsV4 = 8;
    private const int NarrowBitsV6 = 32;

    private static readonly IPNetwork[] _private =
    [
        new(new IPAddress([10, 0, 0, 0]), 8), new(new IPAddress([172, 16, 0, 0]), 12), new(new IPAddress([192, 168, 0, 0]), 16),
    ];

    private readonly IPNetwork _network;

    private AddressValue(IPNetwork network) => _network = network;

    public override bool IsFixed =>
        _network.PrefixLength >= (_network.BaseAddress.AddressFamily is AddressFamily.InterNetwork ? NarrowBitsV4 : NarrowBitsV6)
        || _private.Any(p => p.Contains(_network.BaseAddress) && _network.PrefixLength >= p.PrefixLength);

    public override bool IsMatch(string value, PolicyRequest request, out bool isUnresolved)
    {
        isUnresolved = false;
        return IPAddress.TryParse(value, out var address) && _network.Contains(Plain(address));
    }

    /// <summary>Reads a range; null when it is none. Bits behind the prefix do not matter.</summary>
    public static AddressValue? Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address) || (address.AddressFamily is AddressFamily.InterNetwork && text.Count(c => c == '.') != 3))
            return null;
        var bytes = address.GetAddressBytes();
        var bits = bytes.Length * 8;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > bytes.Length * 8))
            return null;
        for (var bit = bits; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new AddressValue(new IPNetwork(new IPAddress(bytes), bits));
    }

    /// <summary>Dual-stack sockets give IPv4 clients as ::ffff:a.b.c.d.</summary>
    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}

using System.Globalization;

namespace Skep.Networking.Addresses;

/// <summary>IP protocols as EC2 names them in security groups (IpProtocol); numbers are IANA's.</summary>
public static class IpProtocols
{
    public const int All = -1;
    public const int Icmp = 1;
    public const int Tcp = 6;
    public const int Udp = 17;
    public const int Icmpv6 = 58;

    private const int NumberMax = 255;

    /// <summary>The number of a protocol given by name or number; -1 for all; null when it is neither.</summary>
    public static int? NumberOf(string protocol) => protocol switch
    {
        "-1" or "all" => All,
        "tcp" => Tcp,
        "udp" => Udp,
        "icmp" => Icmp,
        "icmpv6" => Icmpv6,
        _ => int.TryParse(protocol, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= NumberMax ? number : null,
    };
}

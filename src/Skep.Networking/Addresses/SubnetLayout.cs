using System.Net;

namespace Skep.Networking.Addresses;

/// <summary>Which addresses of VPCs and subnets have a role, as in AWS.</summary>
public static class SubnetLayout
{
    /// <summary>Addresses at the start of a subnet that no interface gets: network, router, DNS, future use.</summary>
    public const int ReservedAtStart = 4;

    /// <summary>Addresses at the end of a subnet that no interface gets: broadcast.</summary>
    public const int ReservedAtEnd = 1;

    /// <summary>Where instances find their metadata.</summary>
    public static readonly IPAddress Metadata = new([169, 254, 169, 254]);

    /// <summary>Where every VPC has its DNS, beside <see cref="Dns"/>.</summary>
    public static readonly IPAddress LinkLocalDns = new([169, 254, 169, 253]);

    /// <summary>A subnet's router.</summary>
    public static IPAddress Router(IPNetwork subnet) => Ipv4.At(subnet, 1);

    /// <summary>A VPC's DNS server.</summary>
    public static IPAddress Dns(IPNetwork vpc) => Ipv4.At(vpc, 2);

    /// <summary>How many addresses of a subnet interfaces can have.</summary>
    public static long Usable(IPNetwork subnet) => Ipv4.Size(subnet) - ReservedAtStart - ReservedAtEnd;

    /// <summary>Whether an interface may have an address.</summary>
    public static bool IsUsable(IPNetwork subnet, IPAddress address) =>
        subnet.Contains(address)
        && Ipv4.ToNumber(address) - Ipv4.ToNumber(subnet.BaseAddress) is >= ReservedAtStart and var offset
        && offset < Ipv4.Size(subnet) - ReservedAtEnd;
}

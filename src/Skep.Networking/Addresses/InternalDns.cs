using System.Globalization;
using System.Net;

namespace Skep.Networking.Addresses;

/// <summary>The names that a VPC's own DNS gives to addresses, as in AWS: ip-172-31-0-5.ec2.internal.</summary>
public static class InternalDns
{
    /// <summary>Label in which a resource's region is kept.</summary>
    public const string RegionLabel = "topology.kubernetes.io/region";

    private const string Prefix = "ip-";

    /// <summary>The domain of a region's instances. The first region of AWS has one of its own.</summary>
    public static string DomainOf(string? region) => region is null or "us-east-1" ? "ec2.internal" : $"{region}.compute.internal";

    /// <summary>The host part: "ip-172-31-0-5".</summary>
    public static string HostNameOf(IPAddress address) => Prefix + address.ToString().Replace('.', '-');

    /// <summary>The address that a host part stands for; null when it does not stand for one.</summary>
    public static IPAddress? AddressOf(string hostName) =>
        hostName.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && Ipv4.TryParseAddress(hostName[Prefix.Length..].Replace('-', '.'), out var address)
            ? address
            : null;

    /// <summary>The address that a name below in-addr.arpa stands for (RFC 1035, section 3.5); null when it is not one.</summary>
    public static IPAddress? AddressOfReverse(string name)
    {
        const string suffix = ".in-addr.arpa";
        if (!name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            return null;
        var labels = name[..^suffix.Length].Split('.');
        if (labels.Length != 4)
            return null;
        Array.Reverse(labels);
        return Ipv4.TryParseAddress(string.Create(CultureInfo.InvariantCulture, $"{labels[0]}.{labels[1]}.{labels[2]}.{labels[3]}"), out var address) ? address : null;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Text;
using Skep.Networking.Addresses;

namespace Skep.Networking.Dhcp;

/// <summary>What one guest is told. Fixed: an address belongs to its interface, so a lease never has to be given up.</summary>
internal sealed record DhcpLease
{
    /// <summary>The only client that gets it.</summary>
    public required MacAddress Mac { get; init; }
    public required IPAddress Address { get; init; }
    public required IPNetwork Subnet { get; init; }

    /// <summary>DNS servers; none when the VPC has no DNS.</summary>
    public required IReadOnlyList<IPAddress> Dns { get; init; }
    public required string HostName { get; init; }
    public required string Domain { get; init; }
    public required int MtuBytes { get; init; }

    /// <summary>How long it holds; renewed at half, rebound at seven eighths (RFC 2131, section 4.4.5).</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The router, which is also the DHCP server.</summary>
    public IPAddress Router => SubnetLayout.Router(Subnet);

    /// <summary>The options of the lease's configuration, without those about its time.</summary>
    public IEnumerable<KeyValuePair<byte, byte[]>> Configuration
    {
        get
        {
            yield return new(DhcpOption.SubnetMask, Ipv4.Mask(Subnet.PrefixLength).GetAddressBytes());
            // RFC 3442: before the router, which clients that understand it ignore.
            yield return new(DhcpOption.ClasslessStaticRoute, ClasslessRoutes());
            yield return new(DhcpOption.MicrosoftClasslessStaticRoute, ClasslessRoutes());
            yield return new(DhcpOption.Router, Router.GetAddressBytes());
            if (Dns.Count > 0)
                yield return new(DhcpOption.DomainNameServer, [.. Dns.SelectMany(a => a.GetAddressBytes())]);
            yield return new(DhcpOption.HostName, Encoding.ASCII.GetBytes(HostName));
            yield return new(DhcpOption.DomainName, Encoding.ASCII.GetBytes(Domain));
            var mtu = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(mtu, (ushort)MtuBytes);
            yield return new(DhcpOption.InterfaceMtu, mtu);
            yield return new(DhcpOption.BroadcastAddress, Ipv4.Last(Subnet).GetAddressBytes());
        }
    }

    /// <summary>The options about the lease's time.</summary>
    public IEnumerable<KeyValuePair<byte, byte[]>> Times =>
    [
        new(DhcpOption.LeaseTime, Seconds(Duration)),
        new(DhcpOption.RenewalTime, Seconds(Duration / 2)),
        new(DhcpOption.RebindingTime, Seconds(Duration * 7 / 8)),
    ];

    private static byte[] Seconds(TimeSpan time)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)time.TotalSeconds);
        return bytes;
    }

    private byte[] ClasslessRoutes() =>
    [
        32, .. SubnetLayout.Metadata.GetAddressBytes(), .. Router.GetAddressBytes(),
        0, .. Router.GetAddressBytes(),
    ];
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Skep.Core.Identity.Bootstrap;

namespace Skep.Daemon;

/// <summary>The names and addresses by which clients may reach this machine.</summary>
internal static class LocalNames
{
    /// <summary>More addresses than this make no useful certificate.</summary>
    private const int AddressesMax = 128;

    private const int DnsNameMax = 253;

    /// <summary>All of them now.</summary>
    public static ServerNames Find(IPAddress listen)
    {
        var hostName = Dns.GetHostName();
        var dnsNames = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "localhost" };
        // Not every host name is a DNS name; the certificate would be refused as malformed.
        if (hostName.Length <= DnsNameMax && Uri.CheckHostName(hostName) is UriHostNameType.Dns)
            dnsNames.Add(hostName);
        var addresses = new HashSet<IPAddress> { IPAddress.Loopback, IPAddress.IPv6Loopback };
        if (!listen.Equals(IPAddress.Any) && !listen.Equals(IPAddress.IPv6Any))
            addresses.Add(listen);
        foreach (var address in NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => a.AddressFamily is AddressFamily.InterNetwork || !a.IsIPv6LinkLocal)
            .OrderBy(a => a.AddressFamily)
            .Take(AddressesMax))
        {
            addresses.Add(address);
        }

        return new ServerNames("skep", dnsNames, addresses);
    }
}

using System.Net;
using Skep.Networking.Addresses;
using Skep.Networking.Dhcp;
using Skep.Networking.Dns;

namespace Skep.Networking.Agent;

/// <summary>
/// What this process knows of a VPC's namespace: its running services, and what it has configured already, which saves
/// asking. Everything but the services can be forgotten at any time.
/// </summary>
internal sealed class VpcState : IAsyncDisposable
{
    /// <summary>The addresses of the veth pair; null before the first time.</summary>
    public VpcLink? Link { get; set; }

    /// <summary>Timestamp of when the host's side was last looked at.</summary>
    public long? HostChecked { get; set; }

    /// <summary>Why the host does not reach the instances.</summary>
    public string? HostProblem { get; set; }

    /// <summary>The largest packet that the way out carries.</summary>
    public int MtuBytes { get; set; }

    /// <summary>The ruleset that was last applied.</summary>
    public string? Ruleset { get; set; }

    /// <summary>Addresses on the namespace's loopback.</summary>
    public HashSet<IPAddress> RouterAddresses { get; } = [];

    /// <summary>Devices seen in the namespace when the plan began to be applied.</summary>
    public HashSet<string> Devices { get; set; } = [];

    /// <summary>How taps were configured.</summary>
    public Dictionary<string, TapConfiguration> Configured { get; } = new(StringComparer.Ordinal);

    /// <summary>DHCP servers by device.</summary>
    public Dictionary<string, DhcpListener> Dhcp { get; } = new(StringComparer.Ordinal);

    /// <summary>The DNS server.</summary>
    public DnsServer? Dns { get; set; }

    /// <summary>Stops the DHCP server of a device, if there is one.</summary>
    public async Task StopDhcpAsync(string device)
    {
        if (Dhcp.Remove(device, out var listener))
            await listener.DisposeAsync();
    }

    /// <summary>Stops the DNS server, if there is one.</summary>
    public async Task StopDnsAsync()
    {
        if (Dns is { } dns)
            await dns.DisposeAsync();
        Dns = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var device in Dhcp.Keys.ToList())
            await StopDhcpAsync(device);
        await StopDnsAsync();
    }
}

/// <summary>The settings of a tap.</summary>
internal sealed record TapConfiguration(IPAddress Address, MacAddress Mac, IPAddress Router, bool SourceDestCheck, int MtuBytes);

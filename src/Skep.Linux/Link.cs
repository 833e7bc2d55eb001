using System.Net;
using System.Text.Json;

namespace Skep.Linux;

/// <summary>A network device as <c>ip -json -details link</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">"veth", "tun", …; null for hardware and loopback.</param>
/// <param name="Mac">Lower-case with colons.</param>
/// <param name="MtuBytes">The largest packet.</param>
/// <param name="IsUp">Whether it was brought up.</param>
public sealed record Link(string Name, string? Kind, string Mac, int MtuBytes, bool IsUp)
{
    internal static Link Parse(JsonElement link) => new(
        link.GetProperty("ifname").GetString()!,
        link.TryGetProperty("linkinfo", out var info) && info.TryGetProperty("info_kind", out var kind) ? kind.GetString() : null,
        link.TryGetProperty("address", out var mac) ? mac.GetString() ?? "" : "",
        link.GetProperty("mtu").GetInt32(),
        link.GetProperty("flags").EnumerateArray().Any(f => f.ValueEquals("UP")));
}

/// <summary>An IPv4 address of a device.</summary>
public sealed record LinkAddress(string Device, IPAddress Address, int PrefixLength)
{
    internal static IReadOnlyList<LinkAddress> ParseLink(JsonElement link) =>
        [.. link.GetProperty("addr_info").EnumerateArray()
            .Where(a => a.TryGetProperty("local", out _))
            .Select(a => new LinkAddress(
                link.GetProperty("ifname").GetString()!,
                IPAddress.Parse(a.GetProperty("local").GetString()!),
                a.GetProperty("prefixlen").GetInt32()))];
}

/// <summary>An IPv4 route of the main table.</summary>
/// <param name="Destination">0.0.0.0/0 for the default route.</param>
/// <param name="Device">Where packets leave; null for routes without (blackhole, multipath).</param>
/// <param name="Gateway">The next hop, when there is one.</param>
public sealed record Route(IPNetwork Destination, string? Device, IPAddress? Gateway)
{
    internal static Route Parse(JsonElement route) => new(
        ParseDestination(route.GetProperty("dst").GetString()!),
        route.TryGetProperty("dev", out var dev) ? dev.GetString() : null,
        route.TryGetProperty("gateway", out var gateway) ? IPAddress.Parse(gateway.GetString()!) : null);

    private static IPNetwork ParseDestination(string text)
    {
        if (text == "default")
            return new IPNetwork(IPAddress.Any, 0);
        return text.Contains('/') ? IPNetwork.Parse(text) : new IPNetwork(IPAddress.Parse(text), 32);
    }
}

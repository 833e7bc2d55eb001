using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Networking.Addresses;

namespace Skep.Networking.Agent;

/// <summary>
/// What a VPC needs outside its namespace: the host's end of the veth pair, the host's route to the VPC's range, address
/// translation, and forwarding on the devices that packets come back through. All of it is named by the daemon's prefix
/// and forgotten with the last VPC. Not thread-safe.
/// </summary>
/// <param name="hostNamespace">The network namespace that is "the host"; null for this process's own.</param>
internal sealed partial class HostSide(CommandRunner runner, HostNames names, string? hostNamespace, ILogger logger)
{
    /// <summary>The set, in the host's table, of devices whose forwarding was turned on here and is to be turned off again.</summary>
    private const string ForwardingSet = "forwarding";

    private static readonly string[] _globalForwarding = ["net", "ipv4", "ip_forward"];

    private readonly IpTool _ip = new(runner);
    private readonly Nftables _nft = new(runner);

    /// <summary>Brings up a VPC's veth pair and all that belongs to it. Repeating it changes nothing.</summary>
    /// <returns>The pair's addresses, and why the host itself does not reach the instances (null when it does).</returns>
    /// <exception cref="CommandException">A step failed; what was made for it is taken back.</exception>
    public async Task<(VpcLink Link, string? Problem)> EnsureAsync(VpcPlan plan, CancellationToken ct)
    {
        var addresses = await _ip.ListAddressesAsync(hostNamespace, ct);
        var routes = await _ip.ListRoutesAsync(hostNamespace, ct);
        var link = FindLink(plan, addresses) ?? PickLink(plan, addresses, routes);
        var links = addresses
            .Where(a => IsOurs(a.Device) && a.Device != plan.HostDevice)
            .Select(a => VpcLink.Of(a.Address, a.PrefixLength)).OfType<VpcLink>()
            .Append(link);
        await EnsureTableAsync([.. links], routes, ct);

        await using var undo = new Undo((step, ex) => LogUndoFailed(ex, step, plan.HostDevice));
        if (await Veth.EnsureAsync(_ip, hostNamespace, plan.HostDevice, plan.Namespace, HostNames.Uplink, ct))
            undo.Push("veth", async token => await _ip.DeleteLinkAsync(hostNamespace, plan.HostDevice, token));
        DisableIpv6(hostNamespace, plan.HostDevice);
        Sysctl.Write(hostNamespace, "1", "net", "ipv4", "conf", plan.HostDevice, "forwarding");
        await _ip.RunAsync(hostNamespace, [IpCommand.Address(link.Host, VpcLink.PrefixLength, plan.HostDevice), IpCommand.Up(plan.HostDevice)], ct);
        await _ip.RunAsync(plan.Namespace,
        [
            IpCommand.Address(link.Uplink, VpcLink.PrefixLength, HostNames.Uplink),
            IpCommand.Up(HostNames.Uplink),
            IpCommand.RouteThrough(new IPNetwork(IPAddress.Any, 0), link.Host, HostNames.Uplink, link.Uplink),
        ], ct);
        var problem = await EnsureRouteAsync(plan, link, routes, ct);
        undo.Commit();
        return (link, problem);
    }

    /// <summary>The largest packet that the way out carries, in bytes; at most Ethernet's.</summary>
    public async Task<int> FindMtuAsync(CancellationToken ct)
    {
        const int ethernet = 1500;
        const int ipv4Min = 576; // RFC 791: what every way carries
        var devices = (await _ip.ListRoutesAsync(hostNamespace, ct)).Where(r => r.Destination.PrefixLength == 0).Select(r => r.Device).ToHashSet(StringComparer.Ordinal);
        var links = await _ip.ListLinksAsync(hostNamespace, ct);
        return Math.Clamp(links.Where(l => devices.Contains(l.Name)).Select(l => l.MtuBytes).DefaultIfEmpty(ethernet).Min(), ipv4Min, ethernet);
    }

    /// <summary>Removes the host's end of a VPC's pair, and the rest when it was the last.</summary>
    public async Task RemoveAsync(string hostDevice, CancellationToken ct)
    {
        await _ip.DeleteLinkAsync(hostNamespace, hostDevice, ct);
        var addresses = await _ip.ListAddressesAsync(hostNamespace, ct);
        var links = addresses.Where(a => IsOurs(a.Device)).Select(a => VpcLink.Of(a.Address, a.PrefixLength)).OfType<VpcLink>().ToList();
        if (links.Count > 0)
            await EnsureTableAsync(links, await _ip.ListRoutesAsync(hostNamespace, ct), ct);
        else
            await RemoveTableAsync(ct);
    }

    /// <summary>Names of the host's devices that are veth ends of VPCs.</summary>
    public async Task<IReadOnlyList<string>> ListDevicesAsync(CancellationToken ct) =>
        [.. (await _ip.ListLinksAsync(hostNamespace, ct)).Select(l => l.Name).Where(IsOurs)];

    /// <summary>Removes the table and turns forwarding off where it was turned on here.</summary>
    public async Task RemoveTableAsync(CancellationToken ct)
    {
        var turnedOn = await _nft.ListSetAsync(hostNamespace, names.HostTable, ForwardingSet, ct);
        if (turnedOn is null)
            return;
        // Who has turned on forwarding for the whole host since then relies on it: then it stays on.
        if (Sysctl.Read(hostNamespace, _globalForwarding) == "0")
        {
            foreach (var device in turnedOn)
                SetForwarding(device, "0");
        }

        await _nft.DeleteTableAsync(hostNamespace, names.HostTable, ct);
    }

    /// <summary>VPCs are IPv4: without this the kernel would give the device an address and answer on it.</summary>
    internal static void DisableIpv6(string? ns, string device)
    {
        if (Sysctl.Exists(ns, "net", "ipv6", "conf", device, "disable_ipv6"))
            Sysctl.Write(ns, "1", "net", "ipv6", "conf", device, "disable_ipv6");
    }

    private static VpcLink? FindLink(VpcPlan plan, IReadOnlyList<LinkAddress> addresses) =>
        addresses.Where(a => a.Device == plan.HostDevice).Select(a => VpcLink.Of(a.Address, a.PrefixLength)).FirstOrDefault(l => l is not null);

    private static VpcLink PickLink(VpcPlan plan, IReadOnlyList<LinkAddress> addresses, IReadOnlyList<Route> routes)
    {
        IPNetwork[] taken = [.. addresses.Select(a => new IPNetwork(a.Address, 32)), .. routes.Select(r => r.Destination)];
        var seed = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(plan.HostDevice)));
        return VpcLink.Pick(seed, taken)
            ?? throw new CommandException($"no range of {VpcLink.Pool} is free on the host for the link of VPC {plan.Vpc.Name}", null);
    }

    private async Task<string?> EnsureRouteAsync(VpcPlan plan, VpcLink link, IReadOnlyList<Route> routes, CancellationToken ct)
    {
        var other = routes.FirstOrDefault(r => r.Destination.PrefixLength > 0 && r.Device != plan.HostDevice && Ipv4.Overlap(r.Destination, plan.Cidr));
        if (other is null)
        {
            await _ip.RunAsync(hostNamespace, [IpCommand.RouteThrough(plan.Cidr, link.Uplink, plan.HostDevice, link.Host)], ct);
            return null;
        }

        // Taking over a range that the host reaches another way would cut it off.
        if (routes.Any(r => r.Device == plan.HostDevice && r.Destination == plan.Cidr))
            await _ip.RunAsync(hostNamespace, [new IpCommand("route", "delete", plan.Cidr.ToString(), "dev", plan.HostDevice)], ct);
        var problem = $"the host does not reach {plan.Cidr} directly: it already routes {other.Destination} to {other.Device ?? "nowhere"}; namespace {plan.Namespace} does";
        LogRouteConflict(plan.Vpc, plan.Cidr, other.Destination, other.Device);
        return problem;
    }

    private async Task EnsureTableAsync(IReadOnlyList<VpcLink> links, IReadOnlyList<Route> routes, CancellationToken ct)
    {
        var turnedOn = (await _nft.ListSetAsync(hostNamespace, names.HostTable, ForwardingSet, ct) ?? []).ToHashSet(StringComparer.Ordinal);
        var isRouter = Sysctl.Read(hostNamespace, _globalForwarding) != "0";
        var toTurnOn = isRouter
            ? []
            : routes.Select(r => r.Device).OfType<string>().Distinct(StringComparer.Ordinal)
                .Where(device => device != "lo" && !IsOurs(device) && Sysctl.Read(hostNamespace, ForwardingOf(device)) == "0")
                .ToList();
        turnedOn.UnionWith(toTurnOn);
        // The table first: it remembers what was turned on, also when this process is killed in between.
        await _nft.ApplyAsync(hostNamespace, HostRuleset.Render(names, links, [.. turnedOn.Order(StringComparer.Ordinal)], isRouter, ForwardingSet), ct);
        foreach (var device in toTurnOn)
            SetForwarding(device, "1");
    }

    private void SetForwarding(string device, string value)
    {
        if (Sysctl.Exists(hostNamespace, ForwardingOf(device))) // it may be unplugged
            Sysctl.Write(hostNamespace, value, ForwardingOf(device));
    }

    private bool IsOurs(string device) => device.StartsWith(names.HostDevicePrefix, StringComparison.Ordinal);

    private static string[] ForwardingOf(string device) => ["net", "ipv4", "conf", device, "forwarding"];

    [LoggerMessage(EventId = 600, Level = LogLevel.Warning, Message = "undoing step {Step} for {Device} failed")]
    private partial void LogUndoFailed(Exception exception, string step, string device);

    [LoggerMessage(EventId = 601, Level = LogLevel.Warning, Message = "the host gets no route to {Cidr} of {Vpc}: it already routes {Other} to {Device}")]
    private partial void LogRouteConflict(ResourceKey vpc, IPNetwork cidr, IPNetwork other, string? device);
}

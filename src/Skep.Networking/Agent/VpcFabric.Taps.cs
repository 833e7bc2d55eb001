using Skep.Linux;
using Skep.Networking.Addresses;
using Skep.Networking.Dhcp;
using Skep.Networking.Dns;

namespace Skep.Networking.Agent;

internal sealed partial class VpcFabric
{
    private async Task RemoveTapsAsync(VpcPlan plan, VpcState state, CancellationToken ct)
    {
        var wanted = plan.Interfaces.Select(i => i.Device).ToHashSet(StringComparer.Ordinal);
        state.Devices = (await _ip.ListLinksAsync(plan.Namespace, ct)).Select(l => l.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var device in state.Devices.Where(d => d.StartsWith(names.TapPrefix, StringComparison.Ordinal) && !wanted.Contains(d)))
        {
            await state.StopDhcpAsync(device);
            state.Configured.Remove(device);
            await _ip.DeleteLinkAsync(plan.Namespace, device, ct); // with its routes and neighbours
            LogTapRemoved(device, plan.Namespace);
        }
    }

    private async Task EnsureTapAsync(VpcPlan plan, InterfacePlan i, VpcState state, CancellationToken ct)
    {
        var exists = state.Devices.Contains(i.Device);
        var wanted = new TapConfiguration(i.Address, i.Mac, SubnetLayout.Router(i.Subnet), i.SourceDestCheck, state.MtuBytes);
        if (exists && state.Configured.GetValueOrDefault(i.Device) == wanted)
            return;
        var ns = plan.Namespace;
        await using var undo = new Undo((step, ex) => LogUndoFailed(ex, step, ns));
        if (!exists)
        {
            await state.StopDhcpAsync(i.Device); // one that listened on an earlier device of that name
            await Tap.EnsureAsync(_ip, ns, i.Device, _machineUser!, isMultiQueue: false, ct);
            undo.Push("tap", async token => await _ip.DeleteLinkAsync(ns, i.Device, token));
        }

        HostSide.DisableIpv6(ns, i.Device);
        Sysctl.WriteAll(ns,
        [
            new("1", "net", "ipv4", "conf", i.Device, "proxy_arp"),
            new("0", "net", "ipv4", "neigh", i.Device, "proxy_delay"),
            new(i.SourceDestCheck ? "1" : "0", "net", "ipv4", "conf", i.Device, "rp_filter"),
        ]);
        var commands = new List<IpCommand> { new("link", "set", "dev", i.Device, "mtu", $"{state.MtuBytes}", "up") };
        if (state.Configured.GetValueOrDefault(i.Device) is { } before && !before.Address.Equals(i.Address))
        {
            commands.Add(new("route", "flush", "dev", i.Device));
            commands.Add(new("neighbour", "flush", "dev", i.Device, "nud", "permanent"));
        }

        // The guest's MAC is known: asking for it would only give somebody the chance to lie.
        commands.Add(new("neighbour", "replace", $"{i.Address}", "lladdr", $"{i.Mac}", "dev", i.Device, "nud", "permanent"));
        commands.Add(new("route", "replace", $"{i.Address}/32", "dev", i.Device, "src", $"{SubnetLayout.Router(i.Subnet)}"));
        await _ip.RunAsync(ns, commands, ct);
        state.Configured[i.Device] = wanted;
        undo.Commit();
        if (!exists)
            LogTapMade(i.Device, ns, i.Key.Name, i.Address);
    }

    private async Task EnsureServicesAsync(VpcPlan plan, VpcState state)
    {
        foreach (var i in plan.Interfaces)
        {
            var lease = new DhcpLease
            {
                Mac = i.Mac,
                Address = i.Address,
                Subnet = i.Subnet,
                Dns = plan.HasDns ? [SubnetLayout.Dns(plan.Cidr)] : [],
                HostName = InternalDns.HostNameOf(i.Address),
                Domain = plan.Domain,
                MtuBytes = state.MtuBytes,
            };
            if (state.Dhcp.TryGetValue(i.Device, out var listener) && !listener.Lease.Router.Equals(lease.Router))
            {
                await state.StopDhcpAsync(i.Device); // its socket has the address of another router
                listener = null;
            }

            if (listener is null)
                state.Dhcp[i.Device] = DhcpListener.Start(plan.Namespace, i.Device, lease, time, logger);
            else
                listener.Lease = lease;
        }

        await EnsureDnsAsync(plan, state);
    }

    private async Task EnsureDnsAsync(VpcPlan plan, VpcState state)
    {
        if (!plan.HasDns)
        {
            await state.StopDnsAsync();
            return;
        }

        var zone = new DnsZone(plan.Cidr, plan.Domain, plan.Addresses);
        if (state.Dns is null)
            state.Dns = DnsServer.Start(plan.Namespace, [SubnetLayout.Dns(plan.Cidr), SubnetLayout.LinkLocalDns], zone, forwarder, time, logger);
        else
            state.Dns.Zone = zone;
    }
}

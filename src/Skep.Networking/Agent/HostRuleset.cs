namespace Skep.Networking.Agent;

/// <summary>The daemon's table on the host, as text for <c>nft -f</c>. It touches only packets to or from its own devices.</summary>
internal static class HostRuleset
{
    /// <summary>Renders the table.</summary>
    /// <param name="links">Pairs of the VPCs on this host.</param>
    /// <param name="forwarding">Devices whose forwarding was turned on here.</param>
    /// <param name="isRouter">Whether the host forwards packets by its own decision.</param>
    /// <param name="forwardingSet">The set that remembers <paramref name="forwarding"/>.</param>
    public static string Render(HostNames names, IReadOnlyList<VpcLink> links, IReadOnlyList<string> forwarding, bool isRouter, string forwardingSet)
    {
        var elements = forwarding.Count == 0 ? "" : $"\t\telements = {{ {string.Join(", ", forwarding.Select(d => $"\"{d}\""))} }}\n";
        // Forwarding is on for these devices only so that answers find their way to the guests. A host that was no router
        // does not become one for its neighbours, except to ports that somebody on it (a container engine) publishes.
        var guard = isRouter || forwarding.Count == 0
            ? ""
            : $"\t\tiifname @{forwardingSet} ct status dnat accept\n\t\tiifname @{forwardingSet} oifname != \"{names.HostDevicePrefix}*\" ct state new drop\n";
        var uplinks = string.Join(", ", links.Select(l => l.Uplink.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        return $$"""
            table {{names.HostTable}}
            delete table {{names.HostTable}}
            table {{names.HostTable}} {
            	set {{forwardingSet}} {
            		type ifname
            {{elements}}	}
            	chain forward {
            		type filter hook forward priority filter; policy accept;
            		oifname "{{names.HostDevicePrefix}}*" ct state established,related accept
            		oifname "{{names.HostDevicePrefix}}*" drop
            {{guard}}	}
            	chain postrouting {
            		type nat hook postrouting priority srcnat; policy accept;
            		ip saddr { {{uplinks}} } oifname != "{{names.HostDevicePrefix}}*" masquerade
            	}
            }

            """;
    }
}

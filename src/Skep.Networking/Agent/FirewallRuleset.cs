using System.Net;
using System.Text;
using Skep.Networking.Addresses;

namespace Skep.Networking.Agent;

/// <summary>
/// The firewall of a VPC's namespace, as text for <c>nft -f</c>: one transaction that replaces the one before. What it
/// says, in order:
/// <list type="bullet">
/// <item>A guest sends only from its own MAC and (unless its source/destination check is off) its own address, in IP and ARP.</item>
/// <item>A guest reaches DHCP, DNS and the metadata service whatever its groups say, and nothing else of the namespace.</item>
/// <item>A new connection needs a rule of the sender's groups and one of the receiver's; answers need none.</item>
/// <item>The host is the VPC's administrator: connections that it opens itself reach every instance. They come from its
/// address on the veth pair, and the host lets nobody else in through there.</item>
/// <item>What leaves the VPC leaves with the address of the namespace's end of the pair.</item>
/// </list>
/// </summary>
internal static class FirewallRuleset
{
    /// <summary>The table of IP rules.</summary>
    public const string Table = "inet vpc";

    /// <summary>The table of ARP rules.</summary>
    public const string ArpTable = "arp vpc";

    /// <summary>Renders the ruleset. Equal plans give equal text.</summary>
    public static string Render(VpcPlan plan, VpcLink link)
    {
        var text = new StringBuilder();
        text.Append($"table {Table}\ndelete table {Table}\ntable {Table} {{\n");
        var bindings = plan.Interfaces.Where(i => i.SourceDestCheck).Select(i => $"\"{i.Device}\" . {i.Mac} . {i.Address}");
        AppendSet(text, "bindings", "ifname . ether_addr . ipv4_addr", bindings);
        AppendSet(text, "macs", "ifname . ether_addr", plan.Interfaces.Select(i => $"\"{i.Device}\" . {i.Mac}"));
        AppendUnchecked(text, plan);
        foreach (var (group, members) in plan.Groups.SelectMany(g => g.Members).DistinctBy(m => m.Key).OrderBy(m => m.Key, StringComparer.Ordinal))
            AppendSet(text, SecurityGroupRules.MembersOf(group), "ipv4_addr", members.Select(m => m.ToString()));
        AppendSource(text);
        AppendInput(text, plan, link);
        AppendForward(text, plan, link);
        foreach (var group in plan.Groups)
        {
            AppendChain(text, SecurityGroupRules.EgressOf(group.Id), SecurityGroupRules.Render(group.Egress, "daddr", "goto receiver", group.Members));
            AppendChain(text, SecurityGroupRules.IngressOf(group.Id), SecurityGroupRules.Render(group.Ingress, "saddr", "accept", group.Members));
        }

        AppendChain(text, "postrouting",
        [
            "type nat hook postrouting priority srcnat; policy accept;",
            $"oifname \"{HostNames.Uplink}\" masquerade",
        ]);
        text.Append("}\n");
        AppendArp(text, plan);
        return text.ToString();
    }

    private static void AppendSource(StringBuilder text) =>
        // Before connection tracking: a forged packet must not become a connection.
        AppendChain(text, "source",
        [
            "type filter hook prerouting priority raw; policy drop;",
            $"iifname {{ \"lo\", \"{HostNames.Uplink}\" }} accept",
            "iifname . ether saddr . ip saddr @bindings accept",
            "meta nfproto ipv4 iifname . ether saddr @unchecked accept",
            "ip saddr 0.0.0.0 udp sport 68 udp dport 67 iifname . ether saddr @macs accept",
        ]);

    private static void AppendInput(StringBuilder text, VpcPlan plan, VpcLink link) =>
        AppendChain(text, "input",
        [
            "type filter hook input priority filter; policy drop;",
            "iifname \"lo\" accept",
            "ct state established,related accept",
            $"iifname \"{HostNames.Uplink}\" ip saddr {link.Host} accept",
            $"iifname \"{HostNames.Uplink}\" drop",
            "udp dport 67 accept",
            $"ip daddr {{ {SubnetLayout.Dns(plan.Cidr)}, {SubnetLayout.LinkLocalDns} }} meta l4proto {{ tcp, udp }} th dport 53 accept",
            $"ip daddr {SubnetLayout.Metadata} tcp dport 80 accept",
            "icmp type echo-request accept",
        ]);

    private static void AppendForward(StringBuilder text, VpcPlan plan, VpcLink link)
    {
        AppendChain(text, "forward",
        [
            "type filter hook forward priority filter; policy drop;",
            // The path beyond may carry less than the guest's link; see tcp-option(8) on "rt mtu".
            "tcp flags syn / syn,rst tcp option maxseg size set rt mtu",
            "ct state established,related accept",
            "ct state invalid drop",
            $"iifname \"{HostNames.Uplink}\" ip saddr {link.Host} accept",
            $"iifname vmap {{ {string.Join(", ", plan.Interfaces.Select(i => $"\"{i.Device}\" : jump from_{i.Device}"))} }}",
        ]);
        AppendChain(text, "receiver",
        [
            $"oifname \"{HostNames.Uplink}\" accept",
            $"oifname vmap {{ {string.Join(", ", plan.Interfaces.Select(i => $"\"{i.Device}\" : jump to_{i.Device}"))} }}",
            "drop",
        ]);
        foreach (var i in plan.Interfaces)
        {
            AppendChain(text, $"from_{i.Device}", i.Groups.Select(g => $"jump {SecurityGroupRules.EgressOf(g)}"));
            AppendChain(text, $"to_{i.Device}", i.Groups.Select(g => $"jump {SecurityGroupRules.IngressOf(g)}"));
        }
    }

    private static void AppendArp(StringBuilder text, VpcPlan plan)
    {
        text.Append($"table {ArpTable}\ndelete table {ArpTable}\ntable {ArpTable} {{\n");
        // A sender of 0.0.0.0 asks whether an address is in use (RFC 5227) and claims nothing.
        var claims = plan.Interfaces.SelectMany(i => (IEnumerable<IPAddress>)[i.Address, IPAddress.Any], (i, a) => $"\"{i.Device}\" . {i.Mac} . {a}");
        AppendSet(text, "claims", "ifname . ether_addr . ipv4_addr", claims);
        // Who may send from other addresses asks for his neighbours from those, too.
        AppendUnchecked(text, plan);
        AppendChain(text, "input",
        [
            "type filter hook input priority filter; policy drop;",
            $"iifname {{ \"lo\", \"{HostNames.Uplink}\" }} accept",
            "iifname . arp saddr ether . arp saddr ip @claims accept",
            "iifname . arp saddr ether @unchecked accept",
        ]);
        text.Append("}\n");
    }

    private static void AppendUnchecked(StringBuilder text, VpcPlan plan) =>
        AppendSet(text, "unchecked", "ifname . ether_addr", plan.Interfaces.Where(i => !i.SourceDestCheck).Select(i => $"\"{i.Device}\" . {i.Mac}"));

    private static void AppendSet(StringBuilder text, string name, string type, IEnumerable<string> elements)
    {
        text.Append($"\tset {name} {{\n\t\ttype {type}\n");
        var list = string.Join(",\n\t\t\t", elements);
        if (list.Length > 0)
            text.Append($"\t\telements = {{\n\t\t\t{list}\n\t\t}}\n");
        text.Append("\t}\n");
    }

    private static void AppendChain(StringBuilder text, string name, IEnumerable<string> rules)
    {
        text.Append($"\tchain {name} {{\n");
        foreach (var rule in rules)
            text.Append($"\t\t{rule}\n");
        text.Append("\t}\n");
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Text;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;

namespace Skep.Networking.Agent;

/// <summary>The rules of a security group in nft's words.</summary>
internal static class SecurityGroupRules
{
    private const int PortMax = 65535;

    /// <summary>The chain of a group's ingress rules.</summary>
    public static string IngressOf(string groupId) => Identifier(groupId) + "_in";

    /// <summary>The chain of a group's egress rules.</summary>
    public static string EgressOf(string groupId) => Identifier(groupId) + "_out";

    /// <summary>The set of the addresses of a group's members.</summary>
    public static string MembersOf(string groupId) => Identifier(groupId) + "_members";

    /// <summary>
    /// One line a rule. A rule without a peer that IPv4 has (a range or a group with members), or of a protocol that IPv4
    /// has not, matches nothing and gives no line.
    /// </summary>
    /// <param name="rules">The group's rules of one direction.</param>
    /// <param name="peer">"saddr" for ingress, "daddr" for egress.</param>
    /// <param name="verdict">What happens to a packet that matches.</param>
    /// <param name="members">Addresses of the groups that the rules refer to.</param>
    public static IEnumerable<string> Render(
        IEnumerable<SecurityGroupRule> rules,
        string peer,
        string verdict,
        IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> members) =>
        rules.Select(rule => RenderRule(rule, peer, verdict, members)).OfType<string>();

    private static string? RenderRule(SecurityGroupRule rule, string peer, string verdict, IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> members)
    {
        string match;
        if (rule.ReferencedGroupId is { } group)
        {
            if (members[group].Count == 0)
                return null;
            match = $"ip {peer} @{MembersOf(group)} ";
        }
        else if (Ipv4.TryParseNetwork(rule.CidrIpv4, out var range))
        {
            match = range.PrefixLength == 0 ? "" : $"ip {peer} {range} ";
        }
        else
        {
            return null;
        }

        return RenderProtocol(rule) is { } protocol ? $"{match}{protocol}{verdict}" : null;
    }

    private static string? RenderProtocol(SecurityGroupRule rule) => IpProtocols.NumberOf(rule.IpProtocol) switch
    {
        IpProtocols.All => "",
        IpProtocols.Tcp => RenderPorts("tcp", rule),
        IpProtocols.Udp => RenderPorts("udp", rule),
        IpProtocols.Icmp => RenderIcmp(rule),
        null or IpProtocols.Icmpv6 => null,
        { } number => $"ip protocol {number} ",
    };

    private static string RenderPorts(string protocol, SecurityGroupRule rule)
    {
        var from = rule.FromPort is null or -1 ? 0 : rule.FromPort.Value;
        var to = rule.ToPort is null or -1 ? PortMax : rule.ToPort.Value;
        if (from == 0 && to == PortMax)
            return $"meta l4proto {protocol} ";
        return from == to ? $"{protocol} dport {from} " : $"{protocol} dport {from}-{to} ";
    }

    private static string RenderIcmp(SecurityGroupRule rule)
    {
        if (rule.FromPort is null or -1)
            return "meta l4proto icmp ";
        return rule.ToPort is null or -1 ? $"icmp type {rule.FromPort} " : $"icmp type {rule.FromPort} icmp code {rule.ToPort} ";
    }

    /// <summary>nft's identifiers have no dashes or dots to rely on; ids of EC2 stay readable.</summary>
    private static string Identifier(string groupId) =>
        groupId.StartsWith("sg-", StringComparison.Ordinal) && groupId.AsSpan(3).IndexOfAnyExcept(HostNames.HexDigits) < 0
            ? "sg_" + groupId[3..]
            : "group_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(groupId)))[..16];
}

using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Networking.Kinds;

/// <summary>A stateful firewall for network interfaces; named by its EC2 id (sg-…).</summary>
public sealed class SecurityGroup : ResourceObject
{
    public SecurityGroupSpec Spec { get; set; } = new();
}

/// <summary>What a security group allows.</summary>
public sealed class SecurityGroupSpec : OpenObject
{
    [Description("Unique in the VPC; \"default\" is the group used when none is named.")]
    public string GroupName { get; set; } = "";
    public string Description { get; set; } = "";
    public string VpcId { get; set; } = "";
    public List<SecurityGroupRule> Ingress { get; set; } = [];
    public List<SecurityGroupRule> Egress { get; set; } = [];
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>One rule: a protocol, a range of ports and one peer.</summary>
public sealed class SecurityGroupRule : OpenObject
{
    [Description("sgr-…")]
    public string RuleId { get; set; } = "";

    [Description("tcp, udp, icmp, icmpv6, a protocol number, or -1 for all.")]
    public string IpProtocol { get; set; } = "-1";

    [Description("First port, or ICMP type; -1 or absent for all.")]
    public int? FromPort { get; set; }

    [Description("Last port, or ICMP code; -1 or absent for all.")]
    public int? ToPort { get; set; }

    [Description("The peer as an IPv4 range.")]
    public string? CidrIpv4 { get; set; }

    [Description("The peer as another security group.")]
    public string? ReferencedGroupId { get; set; }
    public string? Description { get; set; }
}

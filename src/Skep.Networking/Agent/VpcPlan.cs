using System.Net;
using Skep.Core.Resources;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;

namespace Skep.Networking.Agent;

/// <summary>All that a VPC needs on this node, computed from resources alone. Equal views give equal plans.</summary>
internal sealed record VpcPlan
{
    public required ResourceKey Vpc { get; init; }
    public required string Namespace { get; init; }

    /// <summary>The veth on the host.</summary>
    public required string HostDevice { get; init; }
    public required IPNetwork Cidr { get; init; }

    /// <summary>The domain of the instances' names.</summary>
    public required string Domain { get; init; }

    /// <summary>Whether guests get a DNS server (EnableDnsSupport).</summary>
    public required bool HasDns { get; init; }

    /// <summary>Interfaces with a device here, by device name.</summary>
    public required IReadOnlyList<InterfacePlan> Interfaces { get; init; }

    /// <summary>The security groups of those interfaces, by id.</summary>
    public required IReadOnlyList<SecurityGroupPlan> Groups { get; init; }

    /// <summary>Every address of the VPC that an interface has, on whichever node.</summary>
    public required IReadOnlySet<IPAddress> Addresses { get; init; }
}

/// <summary>One interface with a tap on this node.</summary>
internal sealed record InterfacePlan
{
    public required ResourceKey Key { get; init; }
    public required string Device { get; init; }
    public required IPAddress Address { get; init; }
    public required MacAddress Mac { get; init; }
    public required IPNetwork Subnet { get; init; }

    /// <summary>Whether only its own address may come from it.</summary>
    public required bool SourceDestCheck { get; init; }
    public required IReadOnlyList<string> Groups { get; init; }
}

/// <summary>One security group, with the groups it refers to resolved.</summary>
internal sealed record SecurityGroupPlan(string Id, IReadOnlyList<SecurityGroupRule> Ingress, IReadOnlyList<SecurityGroupRule> Egress)
{
    /// <summary>Addresses of the members of each group that a rule refers to.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<IPAddress>> Members { get; init; }
}

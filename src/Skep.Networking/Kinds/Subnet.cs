using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Networking.Kinds;

/// <summary>A part of a VPC's range in one zone; named by its EC2 id (subnet-…).</summary>
public sealed class Subnet : ResourceObject
{
    public SubnetSpec Spec { get; set; } = new();
    public SubnetStatus? Status { get; set; }
}

/// <summary>What a subnet is.</summary>
public sealed class SubnetSpec : OpenObject
{
    public string VpcId { get; set; } = "";

    [Description("IPv4 range inside the VPC's. The first four addresses and the last are reserved, as in AWS.")]
    public string CidrBlock { get; set; } = "";
    public string AvailabilityZone { get; set; } = "";

    [Description("The subnet that is chosen in its zone when none is named.")]
    public bool DefaultForAz { get; set; }
    public bool MapPublicIpOnLaunch { get; set; }
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>Where a subnet stands.</summary>
public sealed class SubnetStatus : OpenObject
{
    [Description("pending or available.")]
    public string State { get; set; } = "available";
}

using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Networking.Kinds;

/// <summary>A virtual private network; named by its EC2 id (vpc-…). One network namespace on each node that needs it.</summary>
public sealed class Vpc : ResourceObject
{
    public VpcSpec Spec { get; set; } = new();
    public VpcStatus? Status { get; set; }
}

/// <summary>What a VPC is.</summary>
public sealed class VpcSpec : OpenObject
{
    [Description("IPv4 range, /16 to /28.")]
    public string CidrBlock { get; set; } = "";
    public bool IsDefault { get; set; }
    public bool EnableDnsSupport { get; set; } = true;
    public bool EnableDnsHostnames { get; set; }
    public string InstanceTenancy { get; set; } = "default";
    public string? DhcpOptionsId { get; set; }
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>Where a VPC stands.</summary>
public sealed class VpcStatus : OpenObject
{
    [Description("pending or available.")]
    public string State { get; set; } = "available";
}

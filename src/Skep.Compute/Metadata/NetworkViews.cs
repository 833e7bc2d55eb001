using System.Text.Json.Serialization;
using Skep.Core.Resources;

namespace Skep.Compute.Metadata;

// What the metadata service reads of the networking room's documents; that room owns their full shape.

internal sealed class InterfaceView
{
    public static readonly GroupResource Resource = new("network.skep.dev", "networkinterfaces");

    public InterfaceSpecView Spec { get; set; } = new();
    public InterfaceStatusView? Status { get; set; }
}

internal sealed class InterfaceSpecView
{
    public string VpcId { get; set; } = "";
    public string SubnetId { get; set; } = "";
    public string PrivateIpAddress { get; set; } = "";
    public string MacAddress { get; set; } = "";
    public List<string> Groups { get; set; } = [];
    public string? NodeName { get; set; }
    public InterfaceAttachmentView? Attachment { get; set; }
}

internal sealed class InterfaceAttachmentView
{
    public string InstanceId { get; set; } = "";
    public int DeviceIndex { get; set; }
}

internal sealed class InterfaceStatusView
{
    public string? NetworkNamespace { get; set; }
}

internal sealed class CidrView
{
    public static readonly GroupResource Vpcs = new("network.skep.dev", "vpcs");
    public static readonly GroupResource Subnets = new("network.skep.dev", "subnets");

    public CidrSpecView Spec { get; set; } = new();
}

internal sealed class CidrSpecView
{
    public string CidrBlock { get; set; } = "";
}

internal sealed class SecurityGroupView
{
    public static readonly GroupResource Resource = new("network.skep.dev", "securitygroups");

    public SecurityGroupSpecView Spec { get; set; } = new();
}

internal sealed class SecurityGroupSpecView
{
    public string GroupName { get; set; } = "";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InterfaceView))]
[JsonSerializable(typeof(CidrView))]
[JsonSerializable(typeof(SecurityGroupView))]
internal sealed partial class MetadataJson : JsonSerializerContext;

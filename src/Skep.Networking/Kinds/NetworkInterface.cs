using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Networking.Kinds;

/// <summary>A network interface; named by its EC2 id (eni-…). A tap in the VPC's namespace while it is attached.</summary>
public sealed class NetworkInterface : ResourceObject
{
    /// <summary>Held by the node's agent until the tap, its routes and rules are gone.</summary>
    public const string Finalizer = "network.skep.dev/interface";

    public NetworkInterfaceSpec Spec { get; set; } = new();
    public NetworkInterfaceStatus? Status { get; set; }
}

/// <summary>What is wanted of an interface.</summary>
public sealed class NetworkInterfaceSpec : OpenObject
{
    public string VpcId { get; set; } = "";
    public string SubnetId { get; set; } = "";
    public string AvailabilityZone { get; set; } = "";
    public string PrivateIpAddress { get; set; } = "";

    [Description("Lower-case, with colons.")]
    public string MacAddress { get; set; } = "";

    [Description("Ids of security groups.")]
    public List<string> Groups { get; set; } = [];
    public string? Description { get; set; }
    public bool SourceDestCheck { get; set; } = true;

    [Description("The node that holds the interface's device; follows the instance.")]
    public string? NodeName { get; set; }
    public NetworkInterfaceAttachment? Attachment { get; set; }
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>To what an interface is attached.</summary>
public sealed class NetworkInterfaceAttachment : OpenObject
{
    [Description("eni-attach-…")]
    public string AttachmentId { get; set; } = "";
    public string InstanceId { get; set; } = "";
    public int DeviceIndex { get; set; }
    public DateTimeOffset AttachTime { get; set; }
    public bool DeleteOnTermination { get; set; }
}

/// <summary>Where an interface stands.</summary>
public sealed class NetworkInterfaceStatus : OpenObject
{
    [Description("pending, available or in-use.")]
    public string State { get; set; } = "pending";

    [Description("The network namespace on the node, a name under /run/netns; empty in simulation.")]
    public string? NetworkNamespace { get; set; }

    [Description("The tap device in that namespace, owned by the user that runs machines; set when it is ready to use.")]
    public string? DeviceName { get; set; }
    public string? Message { get; set; }
}

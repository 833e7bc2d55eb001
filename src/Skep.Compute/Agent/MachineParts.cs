using System.Text.Json.Serialization;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

/// <summary>What the agent reads of a volume (storage.skep.dev).</summary>
internal sealed class VolumeView
{
    /// <summary>Where volumes live in the resource model.</summary>
    public static readonly GroupResource GroupResource = new("storage.skep.dev", "volumes");

    public PartSpec Spec { get; set; } = new();
    public VolumeStatusView? Status { get; set; }
}

/// <summary>What the agent reads of a network interface (network.skep.dev).</summary>
internal sealed class NetworkInterfaceView
{
    /// <summary>Where network interfaces live in the resource model.</summary>
    public static readonly GroupResource GroupResource = new("network.skep.dev", "networkinterfaces");

    public NetworkInterfaceSpecView Spec { get; set; } = new();
    public NetworkInterfaceStatusView? Status { get; set; }
}

/// <summary>The wish that both have: to what they are attached.</summary>
internal class PartSpec
{
    public PartAttachment? Attachment { get; set; }
}

/// <summary>An attachment to an instance.</summary>
internal sealed class PartAttachment
{
    public string InstanceId { get; set; } = "";
    public bool DeleteOnTermination { get; set; }
}

internal sealed class VolumeStatusView
{
    public string State { get; set; } = "";
    public string? Path { get; set; }
    public string? Format { get; set; }
    public string? Message { get; set; }
}

internal sealed class NetworkInterfaceSpecView : PartSpec
{
    public string MacAddress { get; set; } = "";
    public string PrivateIpAddress { get; set; } = "";
}

internal sealed class NetworkInterfaceStatusView
{
    public string State { get; set; } = "";
    public string? NetworkNamespace { get; set; }
    public string? DeviceName { get; set; }
    public string? Message { get; set; }
}

/// <summary>Serializer metadata of the agent's views of other rooms' documents.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VolumeView))]
[JsonSerializable(typeof(NetworkInterfaceView))]
internal sealed partial class MachinePartsJson : JsonSerializerContext;

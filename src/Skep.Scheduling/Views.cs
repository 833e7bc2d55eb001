using System.Text.Json.Serialization;
using Skep.Core.Resources;

namespace Skep.Scheduling;

/// <summary>What placing needs of an instance (compute.skep.dev).</summary>
internal sealed class InstanceView
{
    public static readonly GroupResource GroupResource = new("compute.skep.dev", "instances");

    public InstanceSpecView Spec { get; set; } = new();
    public InstanceStatusView? Status { get; set; }

    /// <summary>
    /// Whether it takes memory on its node: from when it should run until its machine is gone. One that is to start
    /// again counts before it does.
    /// </summary>
    public bool TakesMemory => Status?.State switch
    {
        "terminated" => false,
        "stopped" => Spec.RunState == "Running",
        _ => true,
    };
}

internal sealed class InstanceSpecView
{
    public string InstanceType { get; set; } = "";
    public string RunState { get; set; } = "Running";
    public string? NodeName { get; set; }
    public List<InstancePartView> BlockDevices { get; set; } = [];
    public List<InstancePartView> NetworkInterfaces { get; set; } = [];
}

internal sealed class InstancePartView
{
    public string? VolumeId { get; set; }
    public string? NetworkInterfaceId { get; set; }
}

internal sealed class InstanceStatusView
{
    public string State { get; set; } = "";
}

/// <summary>What placing needs of an instance type.</summary>
internal sealed class InstanceTypeView
{
    public static readonly GroupResource GroupResource = new("compute.skep.dev", "instancetypes");

    public InstanceTypeSpecView Spec { get; set; } = new();
}

internal sealed class InstanceTypeSpecView
{
    public int VCpus { get; set; }
    public long MemoryMib { get; set; }
}

/// <summary>What placing needs of a volume or network interface: where it is already.</summary>
internal sealed class BoundView
{
    public static readonly GroupResource Volumes = new("storage.skep.dev", "volumes");
    public static readonly GroupResource NetworkInterfaces = new("network.skep.dev", "networkinterfaces");

    public BoundSpecView Spec { get; set; } = new();
}

internal sealed class BoundSpecView
{
    public string? NodeName { get; set; }
}

/// <summary>Serializer metadata of the views.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InstanceView))]
[JsonSerializable(typeof(InstanceTypeView))]
[JsonSerializable(typeof(BoundView))]
internal sealed partial class SchedulingJson : JsonSerializerContext;

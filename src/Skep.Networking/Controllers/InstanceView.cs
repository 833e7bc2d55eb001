using Skep.Core.Resources;

namespace Skep.Networking.Controllers;

/// <summary>What networking reads of compute.skep.dev's instances.</summary>
internal sealed class InstanceView : OpenObject
{
    public static readonly GroupResource GroupResource = new("compute.skep.dev", "instances");

    public InstanceSpecView Spec { get; set; } = new();
    public InstanceStatusView? Status { get; set; }
}

/// <summary>The part of an instance's spec that networking reads.</summary>
internal sealed class InstanceSpecView : OpenObject
{
    public string? AvailabilityZone { get; set; }
    public string? NodeName { get; set; }
    public string? RunState { get; set; }
    public List<InstanceInterfaceView>? NetworkInterfaces { get; set; }
}

/// <summary>One interface of an instance.</summary>
internal sealed class InstanceInterfaceView : OpenObject
{
    public string NetworkInterfaceId { get; set; } = "";
}

/// <summary>The part of an instance's status that networking reads.</summary>
internal sealed class InstanceStatusView : OpenObject
{
    public string? State { get; set; }
}

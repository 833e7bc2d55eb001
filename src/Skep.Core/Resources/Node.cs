using System.ComponentModel;

namespace Skep.Core.Resources;

/// <summary>Kubernetes' Node, shared by machines and pods.</summary>
public sealed class Node : ResourceObject
{
    public NodeSpec Spec { get; set; } = new();
    public NodeStatus? Status { get; set; }
}

/// <summary>What is wanted of a node.</summary>
public sealed class NodeSpec : OpenObject
{
    [Description("Nothing new is placed here while this is true.")]
    public bool? Unschedulable { get; set; }
}

/// <summary>What a node reported of itself.</summary>
public sealed class NodeStatus : OpenObject
{
    [Description("Ready or NotReady.")]
    public string? Phase { get; set; }

    [Description("The whole machine: cpu (count) and memory (bytes).")]
    public NodeResources? Capacity { get; set; }

    [Description("What instances and pods may use: capacity less what the host keeps.")]
    public NodeResources? Allocatable { get; set; }
    public List<NodeAddress>? Addresses { get; set; }
    public NodeSystemInfo? NodeInfo { get; set; }
    public List<Condition>? Conditions { get; set; }
}

/// <summary>Amounts as Kubernetes quantities: cpu "2", memory in bytes without a suffix.</summary>
public sealed class NodeResources : OpenObject
{
    public string Cpu { get; set; } = "0";
    public string Memory { get; set; } = "0";
}

/// <summary>One address of a node; type InternalIP, ExternalIP or Hostname.</summary>
public sealed class NodeAddress : OpenObject
{
    public string Type { get; set; } = "InternalIP";
    public string Address { get; set; } = "";
}

/// <summary>Facts about a node's system.</summary>
public sealed class NodeSystemInfo : OpenObject
{
    public string? Architecture { get; set; }
    public string? KernelVersion { get; set; }
    public string? OsImage { get; set; }
    public string? OperatingSystem { get; set; }

    [Description("How machines run here: kvm, tcg or simulated.")]
    public string? Acceleration { get; set; }
}

namespace Skep.Core.Resources;

/// <summary>Kubernetes' metav1.Condition: one observation of a resource's state.</summary>
public sealed class Condition : OpenObject
{
    public string Type { get; set; } = "";

    /// <summary>"True", "False" or "Unknown".</summary>
    public string Status { get; set; } = "Unknown";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public long? ObservedGeneration { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
}

namespace Skep.Core.Resources;

/// <summary>Kubernetes' OwnerReference: the owner is identified by uid, in the same namespace or cluster-scoped.</summary>
public sealed class OwnerReference : OpenObject
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
    public string Uid { get; set; } = "";
    public bool? Controller { get; set; }
    public bool? BlockOwnerDeletion { get; set; }
}

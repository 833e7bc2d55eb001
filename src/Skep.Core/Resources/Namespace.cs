namespace Skep.Core.Resources;

/// <summary>Kubernetes' Namespace.</summary>
public sealed class Namespace : ResourceObject
{
    public NamespaceStatus? Status { get; set; }
}

/// <summary>"Active" or "Terminating".</summary>
public sealed class NamespaceStatus : OpenObject
{
    public string Phase { get; set; } = "Active";
}

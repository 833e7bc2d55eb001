namespace Skep.Core.Resources;

/// <summary>Kubernetes' ConfigMap.</summary>
public sealed class ConfigMap : ResourceObject
{
    public bool? Immutable { get; set; }
    public Dictionary<string, string>? Data { get; set; }
    public Dictionary<string, byte[]>? BinaryData { get; set; }
}

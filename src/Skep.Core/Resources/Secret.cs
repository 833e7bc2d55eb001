using System.Diagnostics.CodeAnalysis;

namespace Skep.Core.Resources;

/// <summary>Kubernetes' Secret.</summary>
public sealed class Secret : ResourceObject
{
    public string? Type { get; set; }
    public bool? Immutable { get; set; }

    [SuppressMessage("Performance", "CA1819:Properties should not return arrays", Justification = "base64 on the wire")]
    public Dictionary<string, byte[]>? Data { get; set; }

    /// <summary>Write-only convenience: merged into <see cref="Data"/> when the resource is written.</summary>
    public Dictionary<string, string>? StringData { get; set; }
}

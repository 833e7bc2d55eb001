using System.ComponentModel;

namespace Skep.Core.Machines;

/// <summary>The key of an encrypted disk as it stands in documents: of use only to whoever has the key ring.</summary>
public sealed record DiskKey
{
    [Description("The key of the ring that it is wrapped with.")]
    public string KeyId { get; init; } = "";

    [Description("The disk's key, encrypted (AES-256-GCM), in base64.")]
    public string Wrapped { get; init; } = "";
}

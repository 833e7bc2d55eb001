using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>An SSH public key; the resource's name is the EC2 id (key-…).</summary>
public sealed class KeyPair : ResourceObject
{
    public KeyPairSpec Spec { get; set; } = new();
}

/// <summary>A key pair's public half.</summary>
public sealed class KeyPairSpec : OpenObject
{
    [Description("The name, unique in its account and region: up to 255 ASCII characters.")]
    public string KeyName { get; set; } = "";

    [Description("rsa or ed25519.")]
    public string KeyType { get; set; } = "rsa";

    [Description("The public key in OpenSSH's one-line form.")]
    public string PublicKey { get; set; } = "";

    [Description("As EC2 computes it for the type and for created or imported keys.")]
    public string Fingerprint { get; set; } = "";
    public Dictionary<string, string>? Tags { get; set; }
}

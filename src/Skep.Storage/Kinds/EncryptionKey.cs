using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>
/// A key that objects can be encrypted under, as a KMS key is in AWS; its name is the key's id. It has no bytes of its own: the
/// node's key ring wraps every data key for the KMS key that it is used under. What was encrypted under one that is deleted
/// cannot be read until one of that name exists again.
/// </summary>
public sealed class EncryptionKey : ResourceObject
{
    public EncryptionKeySpec Spec { get; set; } = new();
}

/// <summary>What an encryption key is.</summary>
public sealed class EncryptionKeySpec : OpenObject
{
    [Description("What it is for.")]
    public string? Description { get; set; }

    [Description("Enabled, or Disabled: nothing can be encrypted or decrypted under it.")]
    public string State { get; set; } = EncryptionKeyState.Enabled;
}

/// <summary>Values of <see cref="EncryptionKeySpec.State"/>, in KMS's words.</summary>
public static class EncryptionKeyState
{
    /// <summary>It can be used.</summary>
    public const string Enabled = "Enabled";

    /// <summary>It cannot be used.</summary>
    public const string Disabled = "Disabled";
}

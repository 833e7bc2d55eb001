using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Aws.Kinds;

/// <summary>An account's choices of encryption for new volumes in one region; named by the region. Absent while nothing was chosen.</summary>
public sealed class EbsEncryption : ResourceObject
{
    public EbsEncryptionSpec Spec { get; set; } = new();
}

/// <summary>What was chosen.</summary>
public sealed class EbsEncryptionSpec : OpenObject
{
    [Description("Volumes and copies of snapshots are encrypted even if nobody asks for it.")]
    public bool ByDefault { get; set; }
}

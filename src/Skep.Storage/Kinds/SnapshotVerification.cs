using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>
/// The reading of every byte of a snapshot again, compared with what was stored. The agent of the node that has the
/// snapshot works on it and reports here; deleting it cancels. Finished ones are removed after an hour.
/// </summary>
public sealed class SnapshotVerification : ResourceObject
{
    public SnapshotVerificationSpec Spec { get; set; } = new();
    public SnapshotVerificationStatus? Status { get; set; }
}

/// <summary>What is verified.</summary>
public sealed class SnapshotVerificationSpec : OpenObject
{
    [Description("The snapshot (snap-…) of the same namespace.")]
    public string SnapshotId { get; set; } = "";
}

/// <summary>What was found.</summary>
public sealed class SnapshotVerificationStatus : OpenObject
{
    [Description("Pending, Running, Succeeded (whether or not there is damage) or Failed (nothing is known).")]
    public string Phase { get; set; } = VerificationPhase.Pending;

    [Description("Percent done, 0 to 100.")]
    public int Progress { get; set; }

    [Description("Why it failed.")]
    public string? Message { get; set; }

    [Description("Chunks read, each once.")]
    public long? Chunks { get; set; }

    [Description("Bytes of their content.")]
    public long? Bytes { get; set; }

    [Description("Damaged blocks in all.")]
    public int? DamageCount { get; set; }

    [Description("The first thousand of them.")]
    public List<VerificationDamage>? Damages { get; set; }
    public DateTimeOffset? StartTime { get; set; }
    public DateTimeOffset? CompletionTime { get; set; }
}

/// <summary>A damaged block.</summary>
public sealed class VerificationDamage : OpenObject
{
    [Description("Its index, of 512 KiB each; absent when the snapshot's manifest itself is damaged.")]
    public long? Block { get; set; }
    public string Message { get; set; } = "";
}

/// <summary>Values of <see cref="SnapshotVerificationStatus.Phase"/>.</summary>
public static class VerificationPhase
{
    public const string Pending = "Pending";
    public const string Running = "Running";
    public const string Succeeded = "Succeeded";
    public const string Failed = "Failed";
}

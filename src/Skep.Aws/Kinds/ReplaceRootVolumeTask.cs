using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Aws.Kinds;

/// <summary>
/// The replacement of a running instance's root volume: waits for the new volume, stops the machine, puts the new volume in
/// the place of the old one, starts the machine. Named by its EC2 id (replacevol-…); goes with its instance.
/// </summary>
public sealed class ReplaceRootVolumeTask : ResourceObject
{
    public ReplaceRootVolumeTaskSpec Spec { get; set; } = new();
    public ReplaceRootVolumeTaskStatus? Status { get; set; }
}

/// <summary>What is replaced.</summary>
public sealed class ReplaceRootVolumeTaskSpec : OpenObject
{
    [Description("The instance whose root volume is replaced.")]
    public string InstanceId { get; set; } = "";

    [Description("The root volume that it has.")]
    public string OldVolumeId { get; set; } = "";

    [Description("The volume that becomes its root; made together with the task.")]
    public string NewVolumeId { get; set; } = "";

    [Description("The snapshot that was asked for; absent for none.")]
    public string? SnapshotId { get; set; }

    [Description("The image that was asked for; absent for none. Without either, the content is that of the instance's launch.")]
    public string? ImageId { get; set; }

    [Description("Delete the old volume once the new one is in its place.")]
    public bool DeleteReplacedRootVolume { get; set; }
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>How far it is.</summary>
public sealed class ReplaceRootVolumeTaskStatus : OpenObject
{
    [Description("pending, in-progress, failing, succeeded, failed (the old volume is the root) or failed-detached (the instance may have no root).")]
    public string State { get; set; } = ReplaceRootVolumeTaskStates.Pending;

    [Description("While in progress: Stopping (the machine was told to stop) or Starting (the new volume is in its place).")]
    public string? Phase { get; set; }

    [Description("Why it failed.")]
    public string? Message { get; set; }
    public DateTimeOffset? StartTime { get; set; }
    public DateTimeOffset? CompleteTime { get; set; }
}

/// <summary>Values of <see cref="ReplaceRootVolumeTaskStatus.State"/>; EC2's words.</summary>
public static class ReplaceRootVolumeTaskStates
{
    /// <summary>The new volume is being made.</summary>
    public const string Pending = "pending";

    /// <summary>The machine stops, or starts with the new volume.</summary>
    public const string InProgress = "in-progress";

    /// <summary>The machine did not start with the new volume; it starts again with the old one.</summary>
    public const string Failing = "failing";

    /// <summary>The machine runs with the new volume.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>The old volume is still, or again, the root.</summary>
    public const string Failed = "failed";

    /// <summary>It failed, and the old volume could not be put back.</summary>
    public const string FailedDetached = "failed-detached";

    /// <summary>Whether nothing more will happen.</summary>
    public static bool IsFinal(string? state) => state is Succeeded or Failed or FailedDetached;
}

/// <summary>Values of <see cref="ReplaceRootVolumeTaskStatus.Phase"/>.</summary>
public static class ReplaceRootVolumePhase
{
    /// <summary>The machine was told to stop.</summary>
    public const string Stopping = "Stopping";

    /// <summary>The new volume is in its place and the machine was told to start.</summary>
    public const string Starting = "Starting";
}

using System.Globalization;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Kinds;

namespace Skep.Aws.Ec2.RootVolumes;

/// <summary>Replace root volume tasks on the wire.</summary>
internal static class ReplaceRootVolumeMapper
{
    /// <summary>A task as answers show it.</summary>
    public static Model.ReplaceRootVolumeTask Map(ReplaceRootVolumeTaskResource task) => new()
    {
        ReplaceRootVolumeTaskId = task.Metadata.Name,
        InstanceId = task.Spec.InstanceId,
        TaskState = task.Status?.State ?? ReplaceRootVolumeTaskStates.Pending,
        StartTime = Text(task.Status?.StartTime ?? task.Metadata.CreationTimestamp),
        CompleteTime = Text(task.Status?.CompleteTime),
        SnapshotId = task.Spec.SnapshotId,
        ImageId = task.Spec.ImageId,
        DeleteReplacedRootVolume = task.Spec.DeleteReplacedRootVolume,
        Tags = Tagging.ToWire(task.Spec.Tags),
    };

    /// <summary>The model has these times as text.</summary>
    private static string? Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

using Skep.Storage.Kinds;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>The newest change of a volume as EC2 shows it.</summary>
internal static class ModificationMapper
{
    /// <summary>A modification on the wire.</summary>
    public static Model.VolumeModification Map(string volumeId, VolumeModification modification)
    {
        var (original, target) = (modification.Original, modification.Target);
        return new Model.VolumeModification
        {
            VolumeId = volumeId,
            ModificationState = modification.State,
            StatusMessage = modification.Message,
            Progress = modification.Progress,
            StartTime = modification.StartTime,
            EndTime = modification.EndTime,
            OriginalSize = (int)original.SizeGib,
            OriginalVolumeType = original.VolumeType,
            OriginalIops = VolumeShapes.ShownIops(original),
            OriginalThroughput = original.Throughput,
            OriginalMultiAttachEnabled = false,
            TargetSize = (int)target.SizeGib,
            TargetVolumeType = target.VolumeType,
            TargetIops = VolumeShapes.ShownIops(target),
            TargetThroughput = target.Throughput,
            TargetMultiAttachEnabled = false,
        };
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Protocol;

namespace Skep.Aws.Ec2.Volumes;

/// <summary>The volume that a changing operation names.</summary>
internal static class VolumeSelection
{
    /// <summary>A copy of the volume. One that is being deleted is no longer there for anybody who wants to change it.</summary>
    /// <exception cref="AwsException">InvalidVolume.NotFound.</exception>
    public static VolumeResource ForChange(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        return call.Edit(StorageKinds.Volume, id) is { Metadata.DeletionTimestamp: null } volume ? volume : throw Ec2Errors.VolumeNotFound(id);
    }

    /// <summary>The volume, to read.</summary>
    /// <exception cref="AwsException">InvalidVolume.NotFound.</exception>
    public static VolumeResource ForReading(AwsCall call, string id)
    {
        call.Subjects.Add(id);
        return call.Find(StorageKinds.Volume, id) ?? throw Ec2Errors.VolumeNotFound(id);
    }
}

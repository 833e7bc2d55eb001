namespace Skep.Aws.Ec2.Instances;

/// <summary>What a launch makes beside the instance, before it is stored.</summary>
internal sealed class LaunchParts
{
    public List<NetworkInterfaceResource> Interfaces { get; } = [];
    public List<VolumeResource> Volumes { get; } = [];
}

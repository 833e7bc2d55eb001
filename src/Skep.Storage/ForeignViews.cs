using System.Text.Json.Serialization;
using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Storage;

/// <summary>What storage needs to know of compute.skep.dev's Instance.</summary>
internal sealed class InstanceView
{
    public static readonly GroupResource Resource = new("compute.skep.dev", "instances");

    public ObjectMeta Metadata { get; set; } = new();
    public InstanceSpecView Spec { get; set; } = new();
    public InstanceStatusView? Status { get; set; }

    /// <summary>Whether the machine's process can have its disks open, now or soon.</summary>
    public bool UsesDisks => Status?.State is not "terminated";

    /// <summary>Whether there is a machine, so that its disks are changed through it.</summary>
    public bool HasMachine => Status?.State is "running" or "stopping" or "shutting-down";

    internal sealed class InstanceSpecView
    {
        public string ImageId { get; set; } = "";
        public string? NodeName { get; set; }
        public string RunState { get; set; } = "";
        public string RootDeviceName { get; set; } = "/dev/xvda";
        public string AvailabilityZone { get; set; } = "";
        public List<BlockDeviceView>? BlockDevices { get; set; }
    }

    internal sealed class BlockDeviceView
    {
        public string VolumeId { get; set; } = "";
    }

    internal sealed class InstanceStatusView
    {
        public string? State { get; set; }
        public StateReasonView? StateReason { get; set; }
        public DateTimeOffset? FirstRunningTime { get; set; }
        public List<BlockDeviceStatusView>? BlockDevices { get; set; }
    }

    /// <summary>What the instance's machine has of a volume.</summary>
    internal sealed class BlockDeviceStatusView
    {
        public string VolumeId { get; set; } = "";
        public long? SizeGib { get; set; }
        public VolumeLimits? Limits { get; set; }
    }

    internal sealed class StateReasonView
    {
        public string? Message { get; set; }
    }
}

/// <summary>What storage needs to know of compute.skep.dev's Image.</summary>
internal sealed class ImageView
{
    public static readonly GroupResource Resource = new("compute.skep.dev", "images");

    public ObjectMeta Metadata { get; set; } = new();
    public ImageSpecView Spec { get; set; } = new();
    public ImageStatusView? Status { get; set; }

    internal sealed class ImageSpecView
    {
        public string Name { get; set; } = "";
        public string? FileName { get; set; }
        public string? SnapshotId { get; set; }
        public bool IsSimulated { get; set; }
        public bool Public { get; set; }
        public long SizeBytes { get; set; }
    }

    internal sealed class ImageStatusView
    {
        public string? State { get; set; }
    }
}

/// <summary>Serializer metadata of the views.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(InstanceView))]
[JsonSerializable(typeof(ImageView))]
internal sealed partial class ForeignJson : JsonSerializerContext;

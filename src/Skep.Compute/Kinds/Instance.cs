using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Compute.Kinds;

/// <summary>A virtual machine; named by its EC2 id.</summary>
public sealed class Instance : ResourceObject
{
    /// <summary>Held by the node's agent until nothing of the instance is left on the host.</summary>
    public const string Finalizer = "compute.skep.dev/instance";

    public InstanceSpec Spec { get; set; } = new();
    public InstanceStatus? Status { get; set; }
}

/// <summary>What is wanted of an instance.</summary>
public sealed class InstanceSpec : OpenObject
{
    [Description("The image the root volume was made from (ami-…).")]
    public string ImageId { get; set; } = "";

    [Description("An InstanceType, for example t3.micro.")]
    public string InstanceType { get; set; } = "";

    [Description("What the machine should be doing: Running, Stopped or Terminated.")]
    public string RunState { get; set; } = InstanceRunState.Running;

    [Description("Counts reboots asked for; the agent reboots while status.reboots is behind.")]
    public long Reboots { get; set; }

    [Description("The node that runs the instance. Set by the scheduler when empty.")]
    public string? NodeName { get; set; }

    [Description("The KeyPair whose public key the guest gets.")]
    public string? KeyName { get; set; }
    public List<InstanceNetworkInterface> NetworkInterfaces { get; set; } = [];
    public List<InstanceBlockDevice> BlockDevices { get; set; } = [];

    [Description("The device that holds the root file system, for example /dev/xvda.")]
    public string RootDeviceName { get; set; } = "/dev/xvda";

    [Description("A Secret in the same namespace whose key user-data holds the raw bytes.")]
    public string? UserDataSecret { get; set; }
    public MetadataOptions MetadataOptions { get; set; } = new();

    [Description("Refuse termination through the EC2 API.")]
    public bool DisableApiTermination { get; set; }

    [Description("Refuse stopping through the EC2 API.")]
    public bool DisableApiStop { get; set; }

    [Description("What a shutdown from inside the guest means: stop or terminate.")]
    public string InstanceInitiatedShutdownBehavior { get; set; } = "stop";
    public string AvailabilityZone { get; set; } = "";
    public string ReservationId { get; set; } = "";
    public int LaunchIndex { get; set; }
    public string? ClientToken { get; set; }
    public bool EbsOptimized { get; set; }

    [Description("Detailed monitoring: disabled or enabled.")]
    public string Monitoring { get; set; } = "disabled";

    [Description("AWS tags; keys and values as given.")]
    public Dictionary<string, string>? Tags { get; set; }
}

/// <summary>Values of <see cref="InstanceSpec.RunState"/>.</summary>
public static class InstanceRunState
{
    public const string Running = "Running";
    public const string Stopped = "Stopped";
    public const string Terminated = "Terminated";
}

/// <summary>A network interface of an instance.</summary>
public sealed class InstanceNetworkInterface : OpenObject
{
    public string NetworkInterfaceId { get; set; } = "";
    public int DeviceIndex { get; set; }
    public bool DeleteOnTermination { get; set; } = true;
}

/// <summary>A volume of an instance.</summary>
public sealed class InstanceBlockDevice : OpenObject
{
    public string DeviceName { get; set; } = "";
    public string VolumeId { get; set; } = "";
    public bool DeleteOnTermination { get; set; } = true;
}

/// <summary>How the metadata service serves an instance.</summary>
public sealed class MetadataOptions : OpenObject
{
    [Description("optional (IMDSv1 and v2) or required (v2 only).")]
    public string HttpTokens { get; set; } = "optional";

    [Description("enabled or disabled.")]
    public string HttpEndpoint { get; set; } = "enabled";

    [Description("1 to 64.")]
    public int HttpPutResponseHopLimit { get; set; } = 1;

    [Description("enabled or disabled.")]
    public string InstanceMetadataTags { get; set; } = "disabled";
}

/// <summary>What an instance is doing.</summary>
public sealed class InstanceStatus : OpenObject
{
    [Description("pending, running, stopping, stopped, shutting-down or terminated.")]
    public string State { get; set; } = InstanceState.Pending;
    public StateReason? StateReason { get; set; }

    [Description("EC2's transition reason: 'User initiated (2026-01-02 03:04:05 GMT)'.")]
    public string? StateTransitionReason { get; set; }
    public DateTimeOffset? LaunchTime { get; set; }

    [Description("When it first ran. A failure before that terminates it, a later one stops it.")]
    public DateTimeOffset? FirstRunningTime { get; set; }
    public DateTimeOffset? TerminatedTime { get; set; }

    [Description("The virtual machine's process on its node, while it runs.")]
    public int? ProcessId { get; set; }

    [Description("kvm, tcg or simulated.")]
    public string? Acceleration { get; set; }

    [Description("Reboots done; see spec.reboots.")]
    public long Reboots { get; set; }

    [Description("First private address; for columns.")]
    public string? PrivateIpAddress { get; set; }

    [Description("Disks of the machine, while there is one.")]
    public List<InstanceBlockDeviceStatus>? BlockDevices { get; set; }

    [Description("The guest fetched its metadata since it was started, so its own check passed.")]
    public DateTimeOffset? GuestReachableTime { get; set; }
}

/// <summary>What an instance's machine has of a volume.</summary>
public sealed class InstanceBlockDeviceStatus : OpenObject
{
    public string VolumeId { get; set; } = "";

    [Description("attaching, attached, detaching or busy.")]
    public string State { get; set; } = DiskState.Attaching;

    [Description("The size that the guest sees.")]
    public long? SizeGib { get; set; }

    [Description("What the disk is kept to.")]
    public DiskLimits? Limits { get; set; }

    [Description("Why it cannot be attached, grown or limited at the moment.")]
    public string? Message { get; set; }
}

/// <summary>EC2's states of an attachment.</summary>
public static class DiskState
{
    public const string Attaching = "attaching";
    public const string Attached = "attached";

    /// <summary>The guest was asked to let go of it.</summary>
    public const string Detaching = "detaching";

    /// <summary>The guest was asked and does not let go.</summary>
    public const string Busy = "busy";
    public const string Detached = "detached";
}

/// <summary>EC2's instance states.</summary>
public static class InstanceState
{
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Stopping = "stopping";
    public const string Stopped = "stopped";
    public const string ShuttingDown = "shutting-down";
    public const string Terminated = "terminated";
}

/// <summary>EC2's StateReason: a code such as Server.InternalError and a sentence.</summary>
public sealed class StateReason : OpenObject
{
    public string Code { get; set; } = "";
    public string Message { get; set; } = "";
}

using System.Text.Json.Serialization;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Machines;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

/// <summary>What the agent reads of a volume (storage.skep.dev).</summary>
internal sealed class VolumeView
{
    /// <summary>Where volumes live in the resource model.</summary>
    public static readonly GroupResource GroupResource = new("storage.skep.dev", "volumes");

    public ObjectMetaView Metadata { get; set; } = new();
    public VolumeSpecView Spec { get; set; } = new();
    public VolumeStatusView? Status { get; set; }

    /// <summary>The disk that a machine gets; null while storage has not made it.</summary>
    /// <param name="volumeId">The volume's name.</param>
    /// <param name="needsDevices">False in simulation: there is nothing behind the disk.</param>
    public MachineDisk? Disk(string volumeId, bool needsDevices)
    {
        const long GiB = 1L << 30;
        if (Status?.State is not ("available" or "in-use") || Status.Hold is not null)
            return null;
        var source = Status.Source ?? (needsDevices ? null : new DiskSource.LocalFile("", "raw"));
        // A file is grown by the machine that has it open, to what is wanted; what a server has, the server has.
        var sizeGib = source is DiskSource.NetworkBlockDevice ? Status.SizeGib ?? Spec.SizeGib : Spec.SizeGib;
        return source is null ? null : new MachineDisk(volumeId, source) { SizeBytes = sizeGib * GiB, Limits = Status.Limits, Key = Status.Key };
    }
}

internal sealed class ObjectMetaView
{
    public DateTimeOffset? DeletionTimestamp { get; set; }
}

internal sealed class VolumeSpecView : PartSpec
{
    public long SizeGib { get; set; }
}

/// <summary>What the agent reads of a network interface (network.skep.dev).</summary>
internal sealed class NetworkInterfaceView
{
    /// <summary>Where network interfaces live in the resource model.</summary>
    public static readonly GroupResource GroupResource = new("network.skep.dev", "networkinterfaces");

    public NetworkInterfaceSpecView Spec { get; set; } = new();
    public NetworkInterfaceStatusView? Status { get; set; }
}

/// <summary>The wish that both have: to what they are attached.</summary>
internal class PartSpec
{
    public PartAttachment? Attachment { get; set; }
}

/// <summary>An attachment to an instance.</summary>
internal sealed class PartAttachment
{
    public string InstanceId { get; set; } = "";
    public bool DeleteOnTermination { get; set; }

    /// <summary>Requested or Forced when it is to end.</summary>
    public string? Detach { get; set; }
    public DateTimeOffset? DetachTime { get; set; }
}

internal sealed class VolumeStatusView
{
    public string State { get; set; } = "";
    public string? Path { get; set; }
    public string? Format { get; set; }
    public DiskKey? Key { get; set; }
    public string? NbdSocket { get; set; }
    public string? NbdExport { get; set; }
    public long? SizeGib { get; set; }
    public DiskLimits? Limits { get; set; }
    public string? Message { get; set; }

    /// <summary>Why the file must not be opened for the moment.</summary>
    public string? Hold { get; set; }

    /// <summary>Where the content is; null while storage has not said.</summary>
    public DiskSource? Source =>
        NbdSocket is not null ? new DiskSource.NetworkBlockDevice(NbdSocket, NbdExport ?? "")
        : Path is not null ? new DiskSource.LocalFile(Path, Format ?? "qcow2")
        : null;
}

internal sealed class NetworkInterfaceSpecView : PartSpec
{
    public string MacAddress { get; set; } = "";
    public string PrivateIpAddress { get; set; } = "";
}

internal sealed class NetworkInterfaceStatusView
{
    public string State { get; set; } = "";
    public string? NetworkNamespace { get; set; }
    public string? DeviceName { get; set; }
    public string? Message { get; set; }
}

/// <summary>Serializer metadata of the agent's views of other rooms' documents.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VolumeView))]
[JsonSerializable(typeof(NetworkInterfaceView))]
internal sealed partial class MachinePartsJson : JsonSerializerContext;

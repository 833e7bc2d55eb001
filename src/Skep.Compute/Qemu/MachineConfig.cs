using Skep.Core.Resources;

namespace Skep.Compute.Qemu;

/// <summary>A virtual machine as the agent wants it, whichever hypervisor runs it.</summary>
public sealed record MachineConfig
{
    /// <summary>The instance's key; its name is the EC2 id.</summary>
    public required ResourceKey Instance { get; init; }

    /// <summary>For example t3.micro; shown to the guest.</summary>
    public required string InstanceType { get; init; }

    /// <summary>Virtual processors.</summary>
    public required int VCpus { get; init; }

    /// <summary>Memory in MiB.</summary>
    public required long MemoryMib { get; init; }

    /// <summary>x86_64 or arm64.</summary>
    public string Architecture { get; init; } = "x86_64";

    /// <summary>uefi, bios or uefi-preferred.</summary>
    public string BootMode { get; init; } = "uefi-preferred";

    /// <summary>Disks in the order the guest finds them, the one to boot from first.</summary>
    public IReadOnlyList<MachineDisk> Disks { get; init; } = [];

    /// <summary>Network interfaces in the order of their device index.</summary>
    public IReadOnlyList<MachineNic> Nics { get; init; } = [];

    /// <summary>A kernel to start without firmware or boot loader; null boots the first disk.</summary>
    public MachineKernel? Kernel { get; init; }
}

/// <summary>A network interface: a tap in a namespace of the host.</summary>
public sealed record MachineNic(string InterfaceId, string MacAddress, string? NetworkNamespace, string DeviceName);

/// <summary>A kernel, its first file system and its command line.</summary>
public sealed record MachineKernel(string Path, string? InitrdPath, string CommandLine);

namespace Skep.Compute.Qemu;

/// <summary>What the host decides about one start of QEMU: everything the command line needs beside the machine itself.</summary>
public sealed record QemuLaunch
{
    /// <summary>The instance's directory: sockets and logs.</summary>
    public required string Directory { get; init; }

    /// <summary>kvm or tcg.</summary>
    public required string Accelerator { get; init; }

    /// <summary>UEFI firmware and the instance's own variables; null for BIOS.</summary>
    public FirmwareFiles? Firmware { get; init; }

    /// <summary>How each disk is read, in the order of the machine's disks.</summary>
    public IReadOnlyList<DiskAccess> Disks { get; init; } = [];

    /// <summary>The descriptor on which the daemon's monitor listens.</summary>
    public required int MonitorFd { get; init; }

    /// <summary>Descriptors of each network interface, in the order of the machine's.</summary>
    public IReadOnlyList<NicHandles> Nics { get; init; } = [];
}

/// <summary>UEFI code (shared, read-only) and variables (one file an instance).</summary>
public sealed record FirmwareFiles(string CodePath, string VariablesPath);

/// <summary>How a disk's file is read: aio is io_uring, native or threads; direct passes the page cache by.</summary>
public sealed record DiskAccess(string Aio, bool IsDirect)
{
    /// <summary>The file with the passphrase of an encrypted disk, read once at the start; null for others.</summary>
    public string? SecretPath { get; init; }
}

/// <summary>An open tap and, where the kernel has vhost, an open /dev/vhost-net.</summary>
public sealed record NicHandles(int TapFd, int? VhostFd);

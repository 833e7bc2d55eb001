using Skep.Compute.Kinds;
using Skep.Core.Machines;

namespace Skep.Compute.Qemu;

/// <summary>A disk of a machine.</summary>
/// <param name="VolumeId">The volume; it becomes the disk's serial number.</param>
/// <param name="Source">Where its content is.</param>
public sealed record MachineDisk(string VolumeId, DiskSource Source)
{
    /// <summary>Size in bytes that the guest is to see; 0 takes the source's own.</summary>
    public long SizeBytes { get; init; }

    /// <summary>What it is kept to; null for no limit.</summary>
    public DiskLimits? Limits { get; init; }

    /// <summary>The key of a disk whose file is encrypted (LUKS in qcow2); null when it is not.</summary>
    public DiskKey? Key { get; init; }
}

/// <summary>Where a disk's content is: one of the classes within.</summary>
public abstract record DiskSource
{
    private DiskSource()
    {
    }

    /// <summary>A file; <paramref name="Format"/> is qcow2 or raw.</summary>
    public sealed record LocalFile(string Path, string Format) : DiskSource;

    /// <summary>An export of an NBD server that listens on a Unix socket of this host.</summary>
    public sealed record NetworkBlockDevice(string SocketPath, string Export) : DiskSource;
}

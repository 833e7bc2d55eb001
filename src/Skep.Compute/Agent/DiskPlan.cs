using Skep.Compute.Kinds;
using Skep.Compute.Qemu;

namespace Skep.Compute.Agent;

/// <summary>The disks that a running machine should have. Those that are neither wanted nor kept are taken away.</summary>
public sealed record DiskPlan
{
    /// <summary>Disks it should have as they are described here.</summary>
    public IReadOnlyList<MachineDisk> Wanted { get; init; } = [];

    /// <summary>Volumes whose disks stay as they are for now, if they are there.</summary>
    public IReadOnlySet<string> Kept { get; init; } = new HashSet<string>();

    /// <summary>Volumes whose disks the guest is asked to let go of.</summary>
    public IReadOnlySet<string> Leaving { get; init; } = new HashSet<string>();

    /// <summary>Those of them that are taken away without waiting for the guest any longer.</summary>
    public IReadOnlySet<string> Forced { get; init; } = new HashSet<string>();
}

/// <summary>A disk of a running machine.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Phase">How far it is.</param>
public sealed record DiskStatus(string VolumeId, DiskPhase Phase)
{
    /// <summary>The size that the guest sees, in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>What it is kept to.</summary>
    public DiskLimits? Limits { get; init; }

    /// <summary>What of the plan failed; to be tried again.</summary>
    public string? Problem { get; init; }

    /// <summary>A disk that is there as it was described.</summary>
    public static DiskStatus AttachedAs(MachineDisk disk) => new(disk.VolumeId, DiskPhase.Attached) { SizeBytes = disk.SizeBytes, Limits = disk.Limits };
}

/// <summary>How far a disk is.</summary>
public enum DiskPhase
{
    /// <summary>Wanted and not there.</summary>
    Absent,

    /// <summary>The guest has it.</summary>
    Attached,

    /// <summary>The guest was asked to let go of it.</summary>
    Leaving,
}

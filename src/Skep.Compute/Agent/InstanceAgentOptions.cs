namespace Skep.Compute.Agent;

/// <summary>How patient the agent is.</summary>
public sealed record InstanceAgentOptions
{
    /// <summary>A guest that is stopped gets this long to shut down before it is ended.</summary>
    public TimeSpan StopDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same for a guest that is terminated: nobody will see its disks again, but other machines may.</summary>
    public TimeSpan TerminateDeadline { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A guest that is rebooted gets this long before it is reset.</summary>
    public TimeSpan RebootDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The power button is pressed again after this time: a guest that was just booting did not see it.</summary>
    public TimeSpan PowerDownPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An instance whose volumes and interfaces are not there after this time fails.</summary>
    public TimeSpan PartsDeadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A machine paused by a failing disk is let go on this often.</summary>
    public TimeSpan ResumePeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A guest that has not let go of a disk after this time is said to be busy with it.</summary>
    public TimeSpan DiskBusyAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A disk whose removal is forced is taken away this long after its removal was first asked for.</summary>
    public TimeSpan DiskForceDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>While disks come or go, the machine is looked at this often.</summary>
    public TimeSpan DiskPeriod { get; init; } = TimeSpan.FromSeconds(5);
}

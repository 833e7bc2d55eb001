using Skep.Compute.Qemu;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

/// <summary>
/// Runs virtual machines on this node. What it says comes from the host, so it is right after a restart of the daemon.
/// Calls for one instance must not overlap; those for different ones may.
/// </summary>
public interface IHypervisor
{
    /// <summary>kvm, tcg or simulated.</summary>
    string Acceleration { get; }

    /// <summary>Memory in MiB that a machine costs the host beyond what its guest sees.</summary>
    long OverheadMib { get; }

    /// <summary>Whether machines have disks and network devices on this host.</summary>
    bool NeedsDevices { get; }

    /// <summary>Called when something happened to an instance's machine; observe it to know what. Set once, by the agent.</summary>
    Action<ResourceKey>? Changed { get; set; }

    /// <summary>Every instance of which there is anything on the host: a process, files.</summary>
    IReadOnlyList<ResourceKey> List();

    /// <summary>What an instance's machine is doing. Takes hold again of one that an earlier daemon started.</summary>
    Task<MachineStatus> ObserveAsync(ResourceKey instance, CancellationToken ct);

    /// <summary>Starts a machine that is absent and returns when it runs.</summary>
    /// <exception cref="MachineException">It could not be started; nothing of it runs.</exception>
    Task StartAsync(MachineConfig machine, CancellationToken ct);

    /// <summary>Presses the power button. The guest may take its time, or not care.</summary>
    Task PowerDownAsync(ResourceKey instance, CancellationToken ct);

    /// <summary>Starts the guest anew in the same machine, also one that has shut down.</summary>
    Task ResetAsync(ResourceKey instance, CancellationToken ct);

    /// <summary>Lets a machine go on that was paused by a failing disk.</summary>
    Task ResumeAsync(ResourceKey instance, CancellationToken ct);

    /// <summary>
    /// Brings the disks of a running machine towards what is wanted: plugs in, asks the guest to let go, grows, limits. What
    /// takes time, above all the guest's consent, is not waited for: <see cref="Changed"/> tells when to call again.
    /// </summary>
    /// <returns>Every disk that the machine has or should have, as it is now.</returns>
    /// <exception cref="MachineException">The machine cannot be asked.</exception>
    Task<IReadOnlyList<DiskStatus>> AlignDisksAsync(ResourceKey instance, DiskPlan plan, CancellationToken ct);

    /// <summary>Ends the machine at once; it is absent afterwards. Its console log stays.</summary>
    Task KillAsync(ResourceKey instance, CancellationToken ct);

    /// <summary>Ends the machine and removes everything it left on the host.</summary>
    Task RemoveAsync(ResourceKey instance, CancellationToken ct);

    /// <summary>Looks after the machine's files from time to time.</summary>
    Task TidyAsync(ResourceKey instance, CancellationToken ct);
}

/// <summary>What a machine is doing.</summary>
public enum MachinePhase
{
    /// <summary>Nothing runs.</summary>
    Absent,

    /// <summary>The guest runs.</summary>
    Running,

    /// <summary>The guest waits for a disk that failed, for example because the host's is full.</summary>
    Paused,

    /// <summary>The guest has shut itself down.</summary>
    ShutDown,
}

/// <summary>A machine as observed.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="ProcessId">Its process on the host.</param>
/// <param name="Message">How it ended, when it is absent although nobody ended it.</param>
/// <param name="WasHostRestarted">It is absent because the host was restarted since it was started.</param>
public sealed record MachineStatus(MachinePhase Phase, int? ProcessId, string? Message, bool WasHostRestarted)
{
    /// <summary>Nothing runs, and nothing ran.</summary>
    public static MachineStatus Absent { get; } = new(MachinePhase.Absent, null, null, WasHostRestarted: false);
}

/// <summary>A machine could not be started or controlled; the message is for the instance's state reason.</summary>
public sealed class MachineException(string message) : Exception(message);

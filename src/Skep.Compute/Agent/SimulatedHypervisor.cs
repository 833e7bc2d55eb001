using System.Collections.Concurrent;
using Skep.Compute.Qemu;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

/// <summary>Machines that are only remembered: every wish is fulfilled at once and nothing on the host is touched.</summary>
public sealed class SimulatedHypervisor : IHypervisor
{
    private readonly ConcurrentDictionary<ResourceKey, MachinePhase> _machines = new();
    private readonly ConcurrentDictionary<ResourceKey, IReadOnlyList<DiskStatus>> _disks = new();

    /// <inheritdoc/>
    public Action<ResourceKey>? Changed { get; set; }

    /// <inheritdoc/>
    public string Acceleration => "simulated";

    /// <inheritdoc/>
    public long OverheadMib => 0;

    /// <inheritdoc/>
    public bool NeedsDevices => false;

    /// <inheritdoc/>
    public IReadOnlyList<ResourceKey> List() => [.. _machines.Keys];

    /// <inheritdoc/>
    public Task<MachineStatus> ObserveAsync(ResourceKey instance, CancellationToken ct) =>
        Task.FromResult(_machines.TryGetValue(instance, out var phase)
            ? new MachineStatus(phase, null, null, WasHostRestarted: false)

            // A new daemon remembers nothing: to its instances that is a restart of the host.
            : new MachineStatus(MachinePhase.Absent, null, null, WasHostRestarted: true));

    /// <inheritdoc/>
    public Task StartAsync(MachineConfig machine, CancellationToken ct)
    {
        _disks[machine.Instance] = [.. machine.Disks.Select(DiskStatus.AttachedAs)];
        return BecomeAsync(machine.Instance, MachinePhase.Running);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<DiskStatus>> AlignDisksAsync(ResourceKey instance, DiskPlan plan, CancellationToken ct)
    {
        var kept = _disks.GetValueOrDefault(instance, []).Where(d => plan.Kept.Contains(d.VolumeId));
        return Task.FromResult(_disks[instance] = [.. kept, .. plan.Wanted.Select(DiskStatus.AttachedAs)]);
    }

    /// <inheritdoc/>
    public Task PowerDownAsync(ResourceKey instance, CancellationToken ct) =>
        _machines.ContainsKey(instance) ? BecomeAsync(instance, MachinePhase.ShutDown) : Task.CompletedTask;

    /// <inheritdoc/>
    public Task ResetAsync(ResourceKey instance, CancellationToken ct) => BecomeAsync(instance, MachinePhase.Running);

    /// <inheritdoc/>
    public Task ResumeAsync(ResourceKey instance, CancellationToken ct) => BecomeAsync(instance, MachinePhase.Running);

    /// <inheritdoc/>
    public Task KillAsync(ResourceKey instance, CancellationToken ct)
    {
        _machines.TryRemove(instance, out _);
        _disks.TryRemove(instance, out _);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(ResourceKey instance, CancellationToken ct) => KillAsync(instance, ct);

    /// <inheritdoc/>
    public Task TidyAsync(ResourceKey instance, CancellationToken ct) => Task.CompletedTask;

    private Task BecomeAsync(ResourceKey instance, MachinePhase phase)
    {
        _machines[instance] = phase;
        Changed?.Invoke(instance);
        return Task.CompletedTask;
    }
}

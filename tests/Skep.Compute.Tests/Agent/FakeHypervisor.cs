using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Resources;

namespace Skep.Compute.Tests.Agent;

/// <summary>One machine and its files, as a host would have them: they survive the agent. Breaks where a test says.</summary>
internal sealed class FakeHypervisor : IHypervisor
{
    public MachinePhase Phase { get; set; }
    public bool HasFiles { get; private set; }
    public bool WasHostRestarted { get; set; }
    public string? Message { get; set; }
    public MachineConfig? Config { get; private set; }
    public string? StartFailure { get; set; }

    /// <summary>Whether the guest shuts down when its power button is pressed.</summary>
    public bool IsObedient { get; set; } = true;
    public int PowerButtonPresses { get; private set; }
    public int Resets { get; private set; }
    public int Starts { get; private set; }

    /// <summary>Disks of the machine, by volume.</summary>
    public Dictionary<string, DiskStatus> Disks { get; } = [];

    /// <summary>Whether the guest lets go of a disk when it is asked.</summary>
    public bool LetsGo { get; set; } = true;

    /// <summary>Calls left until one throws instead of, or after, doing its work; then no more.</summary>
    public int? FailAfterCalls { get; set; }
    public bool FailsAfterTheWork { get; set; }

    public string Acceleration => "tcg";
    public long OverheadMib => 100;
    public bool NeedsDevices => true;
    public Action<ResourceKey>? Changed { get; set; }

    public IReadOnlyList<ResourceKey> List() => HasFiles ? [AgentWorld.Key] : [];

    public Task<MachineStatus> ObserveAsync(ResourceKey instance, CancellationToken ct) =>
        Task.FromResult(new MachineStatus(Phase, Phase is MachinePhase.Absent ? null : 4711, Phase is MachinePhase.Absent ? Message : null, WasHostRestarted));

    public Task StartAsync(MachineConfig machine, CancellationToken ct) => DoAsync(() =>
    {
        if (StartFailure is not null)
            throw new MachineException(StartFailure);
        Assert.Equal(MachinePhase.Absent, Phase);
        Config = machine;
        Disks.Clear();
        foreach (var disk in machine.Disks)
            Disks[disk.VolumeId] = DiskStatus.AttachedAs(disk);
        HasFiles = true;
        Phase = MachinePhase.Running;
        Starts++;
    });

    public Task PowerDownAsync(ResourceKey instance, CancellationToken ct) => DoAsync(() =>
    {
        PowerButtonPresses++;
        if (IsObedient)
            Phase = MachinePhase.ShutDown;
    });

    public Task ResetAsync(ResourceKey instance, CancellationToken ct) => DoAsync(() =>
    {
        Resets++;
        Phase = MachinePhase.Running;
    });

    public Task ResumeAsync(ResourceKey instance, CancellationToken ct) => DoAsync(() => Phase = MachinePhase.Running);

    public async Task<IReadOnlyList<DiskStatus>> AlignDisksAsync(ResourceKey instance, DiskPlan plan, CancellationToken ct)
    {
        Assert.NotEqual(MachinePhase.Absent, Phase);
        foreach (var disk in plan.Wanted.Where(d => !IsAsWanted(d)))
            await DoAsync(() => Disks[disk.VolumeId] = DiskStatus.AttachedAs(disk));
        foreach (var id in Disks.Keys.Where(id => !plan.Kept.Contains(id) && plan.Wanted.All(d => d.VolumeId != id)).ToList())
        {
            if (LetsGo || plan.Forced.Contains(id))
                await DoAsync(() => Disks.Remove(id));
            else
                Disks[id] = Disks[id] with { Phase = DiskPhase.Leaving };
        }

        return [.. Disks.Values];
    }

    public Task KillAsync(ResourceKey instance, CancellationToken ct) => DoAsync(() =>
    {
        Phase = MachinePhase.Absent;
        Message = null;
    });

    public Task RemoveAsync(ResourceKey instance, CancellationToken ct) => DoAsync(() =>
    {
        Phase = MachinePhase.Absent;
        HasFiles = false;
    });

    public Task TidyAsync(ResourceKey instance, CancellationToken ct) => Task.CompletedTask;

    private bool IsAsWanted(MachineDisk disk) =>
        Disks.TryGetValue(disk.VolumeId, out var actual) && actual.SizeBytes == disk.SizeBytes && DiskLimits.AreSame(actual.Limits, disk.Limits);

    private Task DoAsync(Action work)
    {
        var fails = FailAfterCalls-- == 0;
        if (fails && !FailsAfterTheWork)
            throw new DaemonKilledException();
        work();
        return fails ? throw new DaemonKilledException() : Task.CompletedTask;
    }
}

/// <summary>Stands for the end of the daemon in the middle of something.</summary>
internal sealed class DaemonKilledException : Exception;

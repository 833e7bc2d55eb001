using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

public sealed partial class InstanceAgent
{
    /// <summary>The instance should run and has no machine: starts one, unless the last one ended on its own.</summary>
    private async Task<TimeSpan?> StartAsync(ResourceKey key, Instance instance, string state, MachineStatus machine, CancellationToken ct)
    {
        _memory.Release(key);
        if (state == InstanceState.Running && !machine.WasHostRestarted)
        {
            LogCrashed(key.Name, machine.Message ?? "its machine is gone");
            await StopFailedAsync(key, StateReasons.InternalError(machine.Message ?? "the virtual machine is gone"), ct);
            return null;
        }

        await ReleaseDetachedAsync(key, instance, ct);
        if (state != InstanceState.Pending)
            await SetAsync(key, (_, status) => { BecomePending(status); status.LaunchTime = Time.GetUtcNow(); }, ct);
        var view = _client.View;
        var spec = view.Get(key)?.View(ComputeKinds.Instance).Spec ?? instance.Spec; // without what was just detached
        var assembly = MachineAssembly.From(view, key, spec, _hypervisor.NeedsDevices);
        if (assembly.Waiting is { } waiting)
            return await AwaitPartsAsync(key, instance, waiting, ct);
        if (assembly.Failure is { } failure)
            return await FailAsync(key, instance, StateReasons.InternalError(failure), ct);

        var config = assembly.Machine!;
        var neededMib = config.MemoryMib + _hypervisor.OverheadMib;
        if (!_memory.TryTake(key, neededMib, out var freeMib))
            return await FailAsync(key, instance, StateReasons.InsufficientCapacity($"{config.InstanceType} needs {neededMib} MiB of memory here and {freeMib} MiB are free"), ct);
        try
        {
            await _hypervisor.StartAsync(config, ct);
        }
        catch (MachineException ex)
        {
            _memory.Release(key);
            LogStartFailed(key.Name, ex.Message);
            return await FailAsync(key, instance, StateReasons.InternalError(ex.Message), ct);
        }

        return await RunningAsync(key, instance, InstanceState.Pending, await _hypervisor.ObserveAsync(key, ct), config.Disks, ct);
    }

    /// <summary>The instance should run and its machine does.</summary>
    private async Task<TimeSpan?> RunningAsync(
        ResourceKey key, Instance instance, string state, MachineStatus machine, IReadOnlyList<MachineDisk> startedWith, CancellationToken ct)
    {
        if (state != InstanceState.Running || instance.Status?.ProcessId != machine.ProcessId)
        {
            await SetAsync(
                key,
                (i, status) =>
                {
                    BecomeRunning(key, i, status, state, machine);
                    if (startedWith.Count > 0)
                        status.BlockDevices = [.. startedWith.Select(d => Describe(DiskStatus.AttachedAs(d), null, Time.GetUtcNow()))];
                },
                ct);
        }

        await _hypervisor.TidyAsync(key, ct);
        if (machine.Phase is MachinePhase.Paused)
        {
            // A full disk of the host pauses the guest in the middle of a write, which is tried again.
            LogPaused(key.Name);
            await _hypervisor.ResumeAsync(key, ct);
            return _patience.ResumePeriod;
        }

        if (state == InstanceState.Running && instance.Spec.Reboots > instance.Status!.Reboots)
            return await RebootAsync(key, ct);
        ClearProgress(key);
        return await AlignDisksAsync(key, ct);
    }

    /// <summary>Gracefully first, as EC2: the power button, and a reset when the guest does not shut down in time.</summary>
    private async Task<TimeSpan?> RebootAsync(ResourceKey key, CancellationToken ct)
    {
        if (await PressPowerButtonAsync(key, _patience.RebootDeadline, ct) is { } again)
            return again;
        await ResetAsync(key, ct);
        return null;
    }

    /// <summary>The guest has shut down although it should run: for a reboot, or because somebody in it wanted so.</summary>
    private async Task<TimeSpan?> GuestShutDownAsync(ResourceKey key, Instance instance, CancellationToken ct)
    {
        if (instance.Spec.Reboots > (instance.Status?.Reboots ?? 0))
        {
            await ResetAsync(key, ct);
            return null;
        }

        var terminates = instance.Spec.InstanceInitiatedShutdownBehavior == "terminate";
        LogGuestShutDown(key.Name, terminates ? "terminate" : "stop");
        await SetAsync(
            key,
            (i, status) =>
            {
                i.Spec.RunState = terminates ? InstanceRunState.Terminated : InstanceRunState.Stopped;
                status.State = terminates ? InstanceState.ShuttingDown : InstanceState.Stopping;
                status.StateReason = StateReasons.InstanceInitiatedShutdown();
                status.StateTransitionReason = "";
            },
            ct);
        return null;
    }

    private async Task ResetAsync(ResourceKey key, CancellationToken ct)
    {
        await _hypervisor.ResetAsync(key, ct);
        ClearProgress(key);
        LogRebooted(key.Name);

        // Several reboots asked for while one was under way are one reboot.
        await SetAsync(key, static (i, status) => { status.Reboots = i.Spec.Reboots; status.GuestReachableTime = null; }, ct);
    }

    private async Task<TimeSpan?> AwaitPartsAsync(ResourceKey key, Instance instance, string waiting, CancellationToken ct)
    {
        var progress = ProgressOf(key);
        progress.PartsAwaitedSince ??= Time.GetUtcNow();
        var left = progress.PartsAwaitedSince.Value + _patience.PartsDeadline - Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        return await FailAsync(key, instance, StateReasons.InternalError($"waited {_patience.PartsDeadline.TotalMinutes:0} minutes for {waiting}"), ct);
    }

    /// <summary>As in EC2, an instance that never ran is terminated; one that did stays, stopped, and can be started again.</summary>
    private async Task<TimeSpan?> FailAsync(ResourceKey key, Instance instance, StateReason reason, CancellationToken ct)
    {
        ClearProgress(key);
        if (instance.Status?.FirstRunningTime is not null)
        {
            await StopFailedAsync(key, reason, ct);
            return null;
        }

        await SetAsync(
            key,
            (i, status) =>
            {
                i.Spec.RunState = InstanceRunState.Terminated;
                status.State = InstanceState.ShuttingDown;
                status.StateReason = reason;
                status.StateTransitionReason = reason.Code;
            },
            ct);
        return null;
    }

    private async Task StopFailedAsync(ResourceKey key, StateReason reason, CancellationToken ct)
    {
        await _hypervisor.KillAsync(key, ct);
        await SetAsync(
            key,
            (i, status) =>
            {
                // Nobody but the user may try again: a machine that ends at once would be started for ever.
                i.Spec.RunState = InstanceRunState.Stopped;
                BecomeStopped(status);
                status.StateReason = reason;
                status.StateTransitionReason = reason.Code;
            },
            ct);
    }

    private static void BecomePending(InstanceStatus status)
    {
        status.State = InstanceState.Pending;
        status.StateReason = null;
        status.StateTransitionReason = "";
    }

    private void BecomeRunning(ResourceKey key, Instance instance, InstanceStatus status, string before, MachineStatus machine)
    {
        if (status.State is not (InstanceState.Pending or InstanceState.Running or InstanceState.Stopped))
            return; // somebody has asked for its end meanwhile; the next run sees to that
        if (before != InstanceState.Running)
        {
            BecomePending(status);
            status.LaunchTime ??= Time.GetUtcNow();
            status.FirstRunningTime ??= Time.GetUtcNow();
            status.Reboots = instance.Spec.Reboots;
            status.GuestReachableTime = null;
        }

        status.State = InstanceState.Running;
        status.ProcessId = machine.ProcessId;
        status.Acceleration = _hypervisor.Acceleration;
        status.PrivateIpAddress = MachineAssembly.PrivateAddress(_client.View, key.Namespace, instance.Spec) ?? status.PrivateIpAddress;
    }
}

using Skep.Compute.Kinds;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

public sealed partial class InstanceAgent
{
    /// <summary>The instance should be stopped, or a stop is under way.</summary>
    private async Task<TimeSpan?> StopAsync(ResourceKey key, Instance instance, string state, MachineStatus machine, CancellationToken ct)
    {
        if (machine.Phase is MachinePhase.Running or MachinePhase.Paused)
        {
            if (state != InstanceState.Stopping)
                await SetAsync(key, (_, status) => BeginEnd(status, InstanceState.Stopping), ct);
            if (await PressPowerButtonAsync(key, _patience.StopDeadline, ct) is { } again)
                return again;
        }

        await _hypervisor.KillAsync(key, ct);
        _memory.Release(key);
        ClearProgress(key);
        if (state != InstanceState.Stopped)
        {
            await SetAsync(key, (_, status) => { BeginEnd(status, InstanceState.Stopping); BecomeStopped(status); }, ct);
            LogStopped(key.Name);
        }

        await ReleaseDetachedAsync(key, instance, ct);
        return null;
    }

    /// <summary>
    /// Asks the guest to shut down, now and then again. Null when the deadline is over or it cannot be asked, else when
    /// to look again; the end itself is an event.
    /// </summary>
    private async Task<TimeSpan?> PressPowerButtonAsync(ResourceKey key, TimeSpan deadline, CancellationToken ct)
    {
        var progress = ProgressOf(key);
        var now = Time.GetUtcNow();
        progress.PowerDownSince ??= now;
        var left = progress.PowerDownSince.Value + deadline - now;
        if (left <= TimeSpan.Zero)
        {
            LogDeadlineOver(key.Name, deadline);
            return null;
        }

        var next = progress.PowerDownSentAt + _patience.PowerDownPeriod - now;
        if (next is null || next <= TimeSpan.Zero)
        {
            try
            {
                await _hypervisor.PowerDownAsync(key, ct);
            }
            catch (MachineException ex)
            {
                LogPowerDownFailed(key.Name, ex.Message);
            }

            progress.PowerDownSentAt = now;
            next = _patience.PowerDownPeriod;
        }

        return next < left ? next : left;
    }

    private void ClearProgress(ResourceKey key) => _progress.TryRemove(key, out _);

    /// <summary>Sets the state on the way to the end, and why, unless whoever wanted the end said so already.</summary>
    private void BeginEnd(InstanceStatus status, string state)
    {
        if (status.State == state)
            return;
        if (status.State is InstanceState.Pending or InstanceState.Running || status.StateReason is null)
        {
            status.StateReason = StateReasons.UserInitiatedShutdown();
            status.StateTransitionReason = StateReasons.UserInitiated(Time.GetUtcNow());
        }

        status.State = state;
    }

    private static void BecomeStopped(InstanceStatus status)
    {
        status.State = InstanceState.Stopped;
        status.ProcessId = null;
        status.BlockDevices = null;
        status.GuestReachableTime = null;
    }
}

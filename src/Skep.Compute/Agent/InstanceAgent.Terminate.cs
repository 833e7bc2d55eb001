using Skep.Compute.Kinds;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

public sealed partial class InstanceAgent
{
    /// <summary>The instance should be gone: machine, files, then its volumes and interfaces; the resource stays for an hour.</summary>
    private async Task<TimeSpan?> TerminateAsync(ResourceKey key, Instance instance, string state, CancellationToken ct)
    {
        if (state is not (InstanceState.ShuttingDown or InstanceState.Terminated))
        {
            await SetAsync(
                key,
                (i, status) =>
                {
                    i.Spec.RunState = InstanceRunState.Terminated;
                    BeginEnd(status, InstanceState.ShuttingDown);
                },
                ct);
        }

        // An instance that became terminated through another door may have a machine all the same.
        var machine = await _hypervisor.ObserveAsync(key, ct);
        if (machine.Phase is MachinePhase.Running && await PressPowerButtonAsync(key, _patience.TerminateDeadline, ct) is { } again)
            return again;
        await _hypervisor.RemoveAsync(key, ct);
        _memory.Release(key);
        ClearProgress(key);
        if (state != InstanceState.Terminated)
        {
            await InstanceParts.ReleaseAsync(_client, key, instance, ct);
            await SetAsync(key, (_, status) => InstanceParts.BecomeTerminated(status, Time.GetUtcNow()), ct);
            LogTerminated(key.Name);
        }

        if (instance.Metadata.DeletionTimestamp is not null)
            await InstanceParts.RemoveFinalizerAsync(_client, key, ct);
        return null;
    }
}

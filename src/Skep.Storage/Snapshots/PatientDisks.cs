using Skep.Core.Machines;
using Skep.Core.Resources;

namespace Skep.Storage.Snapshots;

/// <summary>
/// Asks a machine again that did not answer: its monitor waits while the host's disks do, which is no reason to give up a
/// capture that goes on all the while.
/// </summary>
internal sealed class PatientDisks(IMachineDisks machines, TimeProvider time) : IMachineDisks
{
    /// <summary>How often a machine is asked that does not answer.</summary>
    public const int AttemptsMax = 60;

    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await machines.BeginCapturesAsync(requests, ct);
            }
            catch (MachineDiskException ex) when (ex.IsTransient && attempt < AttemptsMax)
            {
                // It may have begun all the same, at a moment that nobody knows: that one is not wanted.
                await Task.Delay(_pause, time, ct);
                foreach (var request in requests)
                    await EndCaptureAsync(request, isKept: false, ct);
            }
        }
    }

    /// <inheritdoc/>
    public Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct) =>
        AskAsync(() => machines.FollowCaptureAsync(request, ct), ct);

    /// <inheritdoc/>
    public Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct) => AskAsync(
        async () =>
        {
            await machines.EndCaptureAsync(request, isKept, ct);
            return true;
        },
        ct);

    /// <inheritdoc/>
    public Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct) =>
        machines.StandStillAsync(instance, step, ct); // not again: the step may have been run

    /// <inheritdoc/>
    public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) =>
        AskAsync(() => machines.HydrateAsync(instance, volumeId, ct), ct);

    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (MachineDiskException ex) when (ex.IsTransient && attempt < AttemptsMax)
            {
                await Task.Delay(_pause, time, ct);
            }
        }
    }
}

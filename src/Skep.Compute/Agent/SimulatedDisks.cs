using Skep.Core.Machines;
using Skep.Core.Resources;

namespace Skep.Compute.Agent;

/// <summary>The disks of simulated machines: there are none.</summary>
internal sealed class SimulatedDisks : IMachineDisks
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<DiskCapture>?>(null);

    /// <inheritdoc/>
    public Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct) => Task.FromResult<DiskCaptureProgress?>(null);

    /// <inheritdoc/>
    public Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct) => Task.FromResult<GuestStillness?>(null);

    /// <inheritdoc/>
    public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) => Task.FromResult<DiskHydration?>(null);
}

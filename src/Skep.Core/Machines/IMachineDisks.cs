using Skep.Core.Resources;

namespace Skep.Core.Machines;

/// <summary>
/// What whoever owns volumes may ask of whoever runs machines about disks that a machine has open. Nothing here relies
/// on memory: every call looks at what the machine has, so each may be repeated, also by another daemon.
/// </summary>
public interface IMachineDisks
{
    /// <summary>
    /// Fixes the content of several disks of one machine at one moment and begins to copy each, or what changed since the
    /// capture before, into a file of its own, while the guest goes on writing. The guest's file systems are frozen for that
    /// moment if its agent answers. Captures that were begun before are found again when all of them are there, and their
    /// moment is the one they were begun at; otherwise what is left of them is removed and all begin anew.
    /// </summary>
    /// <param name="requests">One for each disk; at least one, all of the same instance.</param>
    /// <param name="ct">Gives up the waiting.</param>
    /// <returns>
    /// The captures in the order of the requests; null when the instance has no running machine on this node, or its machine
    /// lacks one of the disks.
    /// </returns>
    /// <exception cref="MachineDiskException">It cannot be done; nothing is left of the attempt.</exception>
    Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct);

    /// <summary>How far the copy of a capture is; null when there is none any more, because its machine has ended.</summary>
    /// <exception cref="MachineDiskException">The copy has failed.</exception>
    Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct);

    /// <summary>
    /// Ends a capture and removes its file. When it is kept, the machine keeps account of what changes since its moment, so
    /// that the next capture can say so; otherwise the account of the capture before goes on. Does nothing to a machine
    /// that has none.
    /// </summary>
    /// <exception cref="MachineDiskException">It cannot be done now; try again.</exception>
    Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct);

    /// <summary>Runs a step that takes milliseconds while the guest's file systems stand still, if its agent answers.</summary>
    /// <returns>Whether they did; null when the instance has no running machine on this node, and the step was not run.</returns>
    /// <exception cref="MachineDiskException">The machine cannot be asked.</exception>
    Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct);

    /// <summary>
    /// Brings what a disk still has elsewhere into its own file, beside the guest's own work.
    /// </summary>
    /// <returns>How far that is; null when the instance has no running machine, or its machine does not have the disk.</returns>
    /// <exception cref="MachineDiskException">It cannot be done now; try again.</exception>
    Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct);
}

/// <summary>A capture of a disk.</summary>
/// <param name="Instance">The instance whose machine has it open.</param>
/// <param name="VolumeId">The disk.</param>
/// <param name="CaptureId">Names the capture: the snapshot's id.</param>
/// <param name="Since">The capture before it that was kept; null for none.</param>
public sealed record DiskCaptureRequest(ResourceKey Instance, string VolumeId, string CaptureId, string? Since)
{
    /// <summary>The disk's key when it is encrypted: its copy is encrypted with the same one.</summary>
    public DiskKey? Key { get; init; }
}

/// <summary>A capture that was begun.</summary>
/// <param name="IsNew">Whether it was begun by this call.</param>
/// <param name="HasOnlyChanges">Whether it has what changed since the capture before, and nothing else.</param>
/// <param name="Stillness">What the guest did meanwhile; null of a capture that was found.</param>
public sealed record DiskCapture(bool IsNew, bool HasOnlyChanges, GuestStillness? Stillness);

/// <summary>What a guest's file systems did at a moment.</summary>
/// <param name="FrozenFor">How long they stood still, from the question to the agent to its last answer; null when they did not: the moment is as after a power failure.</param>
/// <param name="Note">Why they did not, for people; null when they did.</param>
public sealed record GuestStillness(TimeSpan? FrozenFor, string? Note);

/// <summary>How far the copy of a capture is.</summary>
/// <param name="Path">
/// Once it is complete, the qcow2 file, in clusters of 512 KiB: of a capture with changes alone, what is not allocated in
/// it has not changed.
/// </param>
/// <param name="DoneBytes">Bytes copied.</param>
/// <param name="AllBytes">Bytes to copy.</param>
public sealed record DiskCaptureProgress(string? Path, long DoneBytes, long AllBytes);

/// <summary>How far a disk's content has come into its own file.</summary>
/// <param name="IsComplete">Nothing is elsewhere any more.</param>
/// <param name="DoneBytes">Bytes looked at.</param>
/// <param name="AllBytes">Bytes to look at.</param>
public sealed record DiskHydration(bool IsComplete, long DoneBytes, long AllBytes);

using Skep.Compute.Agent;
using Skep.Compute.Qmp;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux;

namespace Skep.Compute.Qemu;

public sealed partial class QemuHypervisor : IMachineDisks
{
    /// <summary>Time for QEMU to write its bitmaps down and go, before it is killed.</summary>
    private static readonly TimeSpan _quitTimeout = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DiskCapture>?> BeginCapturesAsync(IReadOnlyList<DiskCaptureRequest> requests, CancellationToken ct)
    {
        var instance = requests[0].Instance;
        if (requests.Any(r => r.Instance != instance))
            throw new ArgumentException("captures of one moment are of one machine", nameof(requests));
        var files = await CaptureFilesOfAsync(instance, ct);
        if (requests.Select(r => files.FindComplete(DiskCaptures.NameOf(r.CaptureId))).ToList() is var paths && paths.TrueForAll(p => p is not null))
            return [.. paths.Select(p => new DiskCapture(IsNew: false, CaptureFiles.HasOnlyChanges(p!), Stillness: null))];
        return await WithMachineAsync(instance, machine => CapturesOf(instance, machine, files).BeginAsync(requests, ct), null, ct);
    }

    /// <inheritdoc/>
    public async Task<DiskCaptureProgress?> FollowCaptureAsync(DiskCaptureRequest request, CancellationToken ct)
    {
        var files = await CaptureFilesOfAsync(request.Instance, ct);
        var progress = await WithMachineAsync(request.Instance, machine => CapturesOf(request.Instance, machine, files).FollowAsync(request, ct), null, ct);
        if (progress is null && files.FindComplete(DiskCaptures.NameOf(request.CaptureId)) is { } path)
            return new DiskCaptureProgress(path, 0, 0);
        return progress;
    }

    /// <inheritdoc/>
    public async Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct)
    {
        var files = await CaptureFilesOfAsync(request.Instance, ct);
        await WithMachineAsync(
            request.Instance,
            async machine =>
            {
                await CapturesOf(request.Instance, machine, files).EndAsync(request, isKept, ct);
                return true;
            },
            false,
            ct);
        files.Remove(DiskCaptures.NameOf(request.CaptureId));
    }

    /// <inheritdoc/>
    public Task<GuestStillness?> StandStillAsync(ResourceKey instance, Func<Task> step, CancellationToken ct) =>
        WithMachineAsync<GuestStillness?>(instance, async _ => await FreezeAroundAsync(instance, step, ct), null, ct);

    /// <inheritdoc/>
    public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) =>
        WithMachineAsync(instance, machine => DiskStreams.HydrateAsync(machine.ExecuteOnDisksAsync, volumeId, ct), null, ct);

    /// <summary>Runs something with a machine's monitor; the answer for a machine that does not run when there is none.</summary>
    private async Task<T> WithMachineAsync<T>(ResourceKey instance, Func<QemuMachine, Task<T>> run, T absent, CancellationToken ct)
    {
        try
        {
            // Whoever asks may be earlier than the agent, after a restart of the daemon.
            if ((!_machines.TryGetValue(instance, out var machine) || !machine.IsConnected)
                && (await ObserveAsync(instance, ct)).Phase == MachinePhase.Absent)
            {
                return absent;
            }

            return _machines.TryGetValue(instance, out machine) && !machine.Process.Exited.IsCompleted ? await run(machine) : absent;
        }
        catch (Exception ex) when (ex is QmpException or MachineException or CommandException or IOException or UnauthorizedAccessException)
        {
            throw new MachineDiskException($"machine of {instance.Name}: {ex.Message}", ex)
            {
                IsTransient = ex is QmpException { Failure: QmpFailure.TimedOut or QmpFailure.Disconnected },
            };
        }
    }

    private DiskCaptures CapturesOf(ResourceKey instance, QemuMachine machine, CaptureFiles files) =>
        new(machine.ExecuteOnDisksAsync, files, _keys, (step, ct) => FreezeAroundAsync(instance, step, ct), _time);

    private async Task<CaptureFiles> CaptureFilesOfAsync(ResourceKey instance, CancellationToken ct) =>
        new(_files.DirectoryOf(instance), _runner, SystemUser.IsRoot ? await SystemUser.EnsureAsync(_runner, MachineUser, ct) : null);

    /// <summary>Lets QEMU close its disks, which writes their bitmaps down: a killed one loses account of what has changed.</summary>
    private async Task QuitAsync(QemuMachine machine)
    {
        if (!machine.IsConnected || machine.Process.Exited.IsCompleted)
            return;
        try
        {
            await machine.ExecuteAsync("quit", CancellationToken.None);
            await machine.Process.Exited.WaitAsync(_quitTimeout, _time);
        }
        catch (Exception ex) when (ex is QmpException or TimeoutException)
        {
            // It is killed next.
        }
    }
}

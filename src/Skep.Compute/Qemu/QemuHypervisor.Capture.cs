using System.Security.Cryptography;
using Skep.Compute.Agent;
using Skep.Compute.Qmp;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Qemu;

public sealed partial class QemuHypervisor : IMachineDisks
{
    private const string CaptureSocket = "nbd.sock";

    /// <summary>Time for QEMU to write its bitmaps down and go, before it is killed.</summary>
    private static readonly TimeSpan _quitTimeout = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public Task<DiskCapture?> BeginCaptureAsync(DiskCaptureRequest request, CancellationToken ct) =>
        WithMachineAsync(request.Instance, machine => CapturesOf(request.Instance, machine).BeginAsync(request, ct), null, ct);

    /// <inheritdoc/>
    public Task EndCaptureAsync(DiskCaptureRequest request, bool isKept, CancellationToken ct) =>
        WithMachineAsync(
            request.Instance,
            async machine =>
            {
                await CapturesOf(request.Instance, machine).EndAsync(request, isKept, ct);
                return true;
            },
            false,
            ct);

    /// <inheritdoc/>
    public Task<DiskHydration?> HydrateAsync(ResourceKey instance, string volumeId, CancellationToken ct) =>
        WithMachineAsync(instance, machine => DiskStreams.HydrateAsync(machine.ExecuteAsync, volumeId, ct), null, ct);

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
            throw new MachineDiskException($"machine of {instance.Name}: {ex.Message}", ex);
        }
    }

    private DiskCaptures CapturesOf(ResourceKey instance, QemuMachine machine) =>
        new(machine.ExecuteAsync, new CaptureFiles(this, _files.DirectoryOf(instance)), (step, ct) => FreezeAroundAsync(instance, step, ct), _time);

    /// <summary>Freezes the guest around a step that takes milliseconds; whatever happens, it is thawed.</summary>
    private async Task<string?> FreezeAroundAsync(ResourceKey instance, Func<Task> step, CancellationToken ct)
    {
        var path = Path.Combine(_files.DirectoryOf(instance), QemuCommandLine.GuestAgentSocket);
        using var agent = await GuestAgent.TryConnectAsync(path, RandomNumberGenerator.GetInt32(int.MaxValue), _time, ct);
        if (agent is null)
        {
            await step();
            return "no guest agent answered";
        }

        var problem = await agent.FreezeAsync(ct);
        try
        {
            await step();
        }
        finally
        {
            if (!await agent.ThawAsync(CancellationToken.None))
                LogNotThawed(instance.Name);
        }

        return problem;
    }

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

    private sealed class CaptureFiles(QemuHypervisor hypervisor, string directory) : ICaptureFiles
    {
        public string SocketPath => Path.Combine(directory, CaptureSocket);

        public async Task<string> CreateAsync(string name, long sizeBytes, CancellationToken ct)
        {
            // As the user of machines, to whom the directory belongs: what it may have put there under this name is not followed
            // with more rights than it has itself.
            var path = PathOf(name);
            File.Delete(path);
            var user = SystemUser.IsRoot ? await SystemUser.EnsureAsync(hypervisor._runner, MachineUser, ct) : null;
            await new QemuImg(hypervisor._runner) { User = user }.CreateAsync(path, DiskImageFormat.Qcow2, sizeBytes, ct);
            return path;
        }

        public void Remove(string name) => File.Delete(PathOf(name));

        private string PathOf(string name) => Path.Combine(directory, name + ".qcow2");
    }
}

using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Qmp;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.Processes;

namespace Skep.Compute.Qemu;

/// <summary>
/// Runs machines in QEMU processes, one each, that outlive the daemon. Disposing lets go of them; they run on, and the
/// next daemon takes hold of them by their records and monitor sockets.
/// </summary>
public sealed partial class QemuHypervisor : IHypervisor, IAsyncDisposable
{
    /// <summary>How long a new QEMU may take until its monitor greets.</summary>
    private static readonly TimeSpan _startTimeout = TimeSpan.FromSeconds(60);

    /// <summary>How long the monitor of a running QEMU may take to greet.</summary>
    private static readonly TimeSpan _attachTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a killed process may take to go: only a host in trouble needs any time.</summary>
    private static readonly TimeSpan _killTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<ResourceKey, QemuMachine> _machines = new();
    private readonly MachineFiles _files;
    private readonly SkepOptions _options;
    private readonly ProcessWatcher _watcher;
    private readonly CommandRunner _runner;
    private readonly IVolumeKeys _keys;
    private readonly TimeProvider _time;
    private readonly ILogger<QemuHypervisor> _logger;
    private readonly Accelerator _accelerator;
    private readonly Lock _adopting = new();
    private readonly DiskAccessProbe _diskAccess = new("/");

    /// <summary>Chooses an accelerator; touches nothing yet.</summary>
    public QemuHypervisor(SkepOptions options, ProcessWatcher watcher, CommandRunner runner, IVolumeKeys keys, TimeProvider time, ILogger<QemuHypervisor> logger)
    {
        _options = options;
        _files = new MachineFiles(options.PathOf("instances"));
        _watcher = watcher;
        _runner = runner;
        _keys = keys;
        _time = time;
        _logger = logger;
        _accelerator = Accelerator.Choose(options.Acceleration, "/", RuntimeInformation.OSArchitecture);
    }

    /// <inheritdoc/>
    public Action<ResourceKey>? Changed { get; set; }

    /// <inheritdoc/>
    public string Acceleration => _accelerator.Name;

    /// <inheritdoc/>
    public long OverheadMib => MachineOverhead.Mib(Acceleration);

    /// <inheritdoc/>
    public bool NeedsDevices => true;

    /// <inheritdoc/>
    public IReadOnlyList<ResourceKey> List() => [.. _files.List().Select(r => ComputeKinds.Instance.Key(r.Namespace, r.Name))];

    /// <inheritdoc/>
    public async Task<MachineStatus> ObserveAsync(ResourceKey instance, CancellationToken ct)
    {
        if (!_machines.TryGetValue(instance, out var machine))
        {
            var record = _files.Read(instance);
            machine = record is null ? null : Adopt(instance, record);
            if (machine is null)
                return AbsentAccordingTo(record);
        }

        var processId = machine.Process.Identity.ProcessId;
        if (machine.Process.Exited is { IsCompleted: true } exited)
            return new MachineStatus(MachinePhase.Absent, null, $"QEMU {await exited}{ReadComplaint(instance)}", WasHostRestarted: false);
        try
        {
            if (!machine.IsConnected)
            {
                await machine.ConnectAsync(_files.MonitorSocketOf(instance), _attachTimeout, _time, () => Changed?.Invoke(instance), ct);
                await ThawLeftFrozenAsync(instance, ct);
            }

            return new MachineStatus(PhaseOf(await machine.QueryStatusAsync(ct)), processId, null, WasHostRestarted: false);
        }
        catch (QmpException ex)
        {
            // The guest may run although its monitor does not answer; whoever wants to stop it kills it after a deadline.
            LogMonitorSilent(ex, instance.Name);
            return new MachineStatus(MachinePhase.Running, processId, ex.Message, WasHostRestarted: false);
        }
    }

    /// <inheritdoc/>
    public Task PowerDownAsync(ResourceKey instance, CancellationToken ct) => ExecuteAsync(instance, ct, "system_powerdown");

    /// <inheritdoc/>
    public Task ResetAsync(ResourceKey instance, CancellationToken ct) => ExecuteAsync(instance, ct, "system_reset", "cont");

    /// <inheritdoc/>
    public Task ResumeAsync(ResourceKey instance, CancellationToken ct) => ExecuteAsync(instance, ct, "cont");

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DiskStatus>> AlignDisksAsync(ResourceKey instance, DiskPlan plan, CancellationToken ct)
    {
        if (!_machines.TryGetValue(instance, out var machine))
            throw new MachineException($"{instance.Name} has no running machine");
        try
        {
            return await new DiskHotPlug(
                machine.ExecuteAsync, async (disk, token) => PrepareDisk(disk, await PrepareUserAsync(token)), disk => _keys.Open(disk.VolumeId, disk.Key)).AlignAsync(plan, ct);
        }
        catch (QmpException ex)
        {
            throw new MachineException(ex.Message);
        }
    }

    /// <inheritdoc/>
    public async Task KillAsync(ResourceKey instance, CancellationToken ct)
    {
        var record = _files.Read(instance);
        if (!_machines.TryGetValue(instance, out var machine) && record is not null)
            machine = Adopt(instance, record);
        if (machine is not null)
            await EndAsync(instance, machine, ct);
        if (record is { Process: not null } or { IsStarting: true })
            _files.Write(instance, record with { Process = null, IsStarting = false });
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(ResourceKey instance, CancellationToken ct)
    {
        await KillAsync(instance, ct);
        _files.Remove(instance);
    }

    /// <inheritdoc/>
    public Task TidyAsync(ResourceKey instance, CancellationToken ct) => ConsoleLog.TrimAsync(_files.ConsoleLogOf(instance), ct);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var machine in _machines.Values)
            await machine.DisposeAsync();
        _machines.Clear();
    }

    private static MachineStatus AbsentAccordingTo(MachineRecord? record)
    {
        if (record?.Process is not { } process)
            return MachineStatus.Absent;
        return process.BootId == ProcessIdentity.CurrentBootId()
            ? new MachineStatus(MachinePhase.Absent, null, "QEMU ended while nothing watched it", WasHostRestarted: false)
            : new MachineStatus(MachinePhase.Absent, null, "the host was restarted", WasHostRestarted: true);
    }

    private static MachinePhase PhaseOf(string runState) => runState switch
    {
        "shutdown" => MachinePhase.ShutDown,
        "io-error" or "internal-error" or "guest-panicked" => MachinePhase.Paused,
        _ => MachinePhase.Running,
    };

    /// <summary>The process that a record speaks of, or that was started just before a crash kept it from being recorded.</summary>
    private DetachedProcess? Find(ResourceKey instance, MachineRecord record)
    {
        if (record.Process is not null)
            return DetachedProcess.Adopt(record.Process, _watcher);
        if (!record.IsStarting)
            return null;
        var marker = QemuCommandLine.Marker(_files.DirectoryOf(instance));
        return ProcessIdentity.WithArgument(marker).Select(p => DetachedProcess.Adopt(p, _watcher)).FirstOrDefault(p => p is not null);
    }

    /// <summary>Takes hold of the machine of a record, once: after a restart of the daemon several may ask for it at the same time.</summary>
    private QemuMachine? Adopt(ResourceKey instance, MachineRecord record)
    {
        lock (_adopting)
        {
            if (_machines.TryGetValue(instance, out var held))
                return held;
            if (Find(instance, record) is not { } process)
                return null;
            LogAttached(instance.Name, process.Identity.ProcessId);
            return Hold(instance, process);
        }
    }

    private QemuMachine Hold(ResourceKey instance, DetachedProcess process)
    {
        var machine = new QemuMachine(process);
        _machines[instance] = machine;
        _ = TellExitAsync(instance, process);
        return machine;
    }

    private async Task TellExitAsync(ResourceKey instance, DetachedProcess process)
    {
        var exit = await process.Exited;
        LogExited(instance.Name, process.Identity.ProcessId, exit.ToString());
        Changed?.Invoke(instance);
    }

    private async Task EndAsync(ResourceKey instance, QemuMachine machine, CancellationToken ct)
    {
        await QuitAsync(machine);
        machine.Process.Kill();
        try
        {
            await machine.Process.Exited.WaitAsync(_killTimeout, _time, ct);
        }
        catch (TimeoutException)
        {
            throw new MachineException($"QEMU process {machine.Process.Identity.ProcessId} of {instance.Name} did not end within {_killTimeout.TotalSeconds:0} s of being killed");
        }

        await machine.DisposeAsync();
        _machines.TryRemove(instance, out _);
    }

    private async Task ExecuteAsync(ResourceKey instance, CancellationToken ct, params string[] commands)
    {
        if (!_machines.TryGetValue(instance, out var machine))
            throw new MachineException($"{instance.Name} has no running machine");
        try
        {
            foreach (var command in commands)
                await machine.ExecuteAsync(command, ct);
        }
        catch (QmpException ex)
        {
            throw new MachineException(ex.Message);
        }
    }
}

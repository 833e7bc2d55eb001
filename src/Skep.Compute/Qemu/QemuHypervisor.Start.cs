using System.Runtime.InteropServices;
using System.Text;
using Skep.Compute.Agent;
using Skep.Compute.Qmp;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Linux.Processes;

namespace Skep.Compute.Qemu;

public sealed partial class QemuHypervisor
{
    /// <summary>The user that machines run as.</summary>
    private const string MachineUser = "skep-vm";

    /// <summary>Characters of QEMU's own words that go into a state reason.</summary>
    private const int ComplaintMax = 600;

    private const string VhostPath = "/dev/vhost-net";
    private const string VariablesFile = "OVMF_VARS.fd";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;

    /// <inheritdoc/>
    public async Task StartAsync(MachineConfig machine, CancellationToken ct)
    {
        try
        {
            await StartCheckedAsync(machine, ct);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or CommandException)
        {
            throw new MachineException(ex.Message);
        }
    }

    private async Task StartCheckedAsync(MachineConfig machine, CancellationToken ct)
    {
        var program = FindProgram(QemuCommandLine.Program(machine.Architecture));
        await KillAsync(machine.Instance, ct); // what a crash in the middle of an earlier start may have left
        var user = await PrepareUserAsync(ct);
        var record = PrepareDirectory(machine, user);
        _files.Write(machine.Instance, record);
        var launch = Prepare(machine, record, user);

        var secrets = new List<SecretFile>();
        try
        {
            launch = launch with { Disks = [.. machine.Disks.Zip(launch.Disks, (disk, access) => access with { SecretPath = HandPassphrase(disk, user, secrets) })] };
            await LaunchAsync(machine, record, program, launch, user, ct);
        }
        finally
        {
            // QEMU has read them when its monitor greets.
            foreach (var secret in secrets)
                secret.Dispose();
        }
    }

    private async Task LaunchAsync(MachineConfig machine, MachineRecord record, string program, QemuLaunch launch, ProcessUser? user, CancellationToken ct)
    {
        var handles = new List<SafeHandle>();
        DetachedProcess process;
        try
        {
            // The monitor's socket is made here and inherited: it can be connected to at once, so nothing has to be polled,
            // and the greeting comes when QEMU is ready.
            handles.Add(UnixListener.Listen(_files.MonitorSocketOf(machine.Instance)));
            launch = launch with { Nics = [.. machine.Nics.Select(nic => OpenNic(nic, handles))] };
            process = DetachedProcess.Start(
                new DetachedCommand(program, QemuCommandLine.Build(machine, launch))
                {
                    LogPath = _files.QemuLogOf(machine.Instance),
                    NetworkNamespacePath = machine.Nics.Select(n => n.NetworkNamespace).FirstOrDefault(n => n is not null) is { } ns ? NetworkNamespace.PathOf(ns) : null,
                    User = user,
                    ScopeName = SystemUser.IsRoot ? $"{_options.HostPrefix}-{machine.Instance.Name}" : null,
                    Handles = handles,
                },
                _watcher);
        }
        finally
        {
            foreach (var handle in handles)
                handle.Dispose();
        }

        _files.Write(machine.Instance, record with { Process = process.Identity, IsStarting = false });
        await AwaitMonitorAsync(machine.Instance, Hold(machine.Instance, process), ct);
        LogStarted(machine.Instance.Name, process.Identity.ProcessId);
    }

    /// <summary>Where a program is, by the daemon's own path: the process that becomes it has another one.</summary>
    private static string FindProgram(string program)
    {
        var paths = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return paths.Select(p => Path.Combine(p, program)).FirstOrDefault(File.Exists)
            ?? throw new MachineException($"{program} is not installed: install the package {(program.EndsWith("aarch64", StringComparison.Ordinal) ? "qemu-system-arm" : "qemu-system-x86")}");
    }

    /// <summary>Whom machines run as: nobody else when the daemon itself is not root.</summary>
    private async Task<ProcessUser?> PrepareUserAsync(CancellationToken ct)
    {
        if (!SystemUser.IsRoot)
            return null;
        var user = await SystemUser.EnsureAsync(_runner, MachineUser, ct);
        var kvmGroup = Acceleration == "kvm" ? await HostFile.WritingGroupAsync(_runner, "/dev/kvm", ct) : null;
        return new ProcessUser((int)user.UserId, (int)user.GroupId) { SupplementaryGroupIds = kvmGroup is { } group ? [group] : [] };
    }

    private MachineRecord PrepareDirectory(MachineConfig machine, ProcessUser? user)
    {
        var directory = _files.DirectoryOf(machine.Instance);
        Directory.CreateDirectory(_files.Root, OwnerOnlyDirectory);
        Directory.CreateDirectory(directory, OwnerOnlyDirectory);
        if (user is not null)
        {
            // The user of machines may pass through these directories to the files it owns, and nobody else.
            foreach (var path in (string[])[_options.DataDirectory, _files.Root, _options.PathOf("volumes"), _options.PathOf("images")])
                OpenToGroup(path, user.GroupId);
            HostFile.SetOwner(directory, user);
        }

        foreach (var stale in Directory.EnumerateFiles(directory, "*.sock").Append(_files.QemuLogOf(machine.Instance)))
            File.Delete(stale);
        var known = _files.Read(machine.Instance);
        return new MachineRecord
        {
            Namespace = machine.Instance.Namespace,
            Name = machine.Instance.Name,
            IsUefi = known?.IsUefi ?? ChooseUefi(machine),
            IsStarting = true,
        };
    }

    private static void OpenToGroup(string path, int groupId)
    {
        if (!Directory.Exists(path))
            return;
        HostFile.SetGroup(path, groupId);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.GroupExecute);
    }

    private static bool ChooseUefi(MachineConfig machine)
    {
        if (machine.Kernel is not null || machine.BootMode == "bios")
            return false;
        if (FirmwareLocator.Find(machine.Architecture, "/") is not null)
            return true;
        return machine.BootMode == "uefi-preferred"
            ? false
            : throw new MachineException($"the image boots by UEFI and this host has no firmware for it: install the package {(machine.Architecture == "arm64" ? "qemu-efi-aarch64" : "ovmf")}");
    }

    private QemuLaunch Prepare(MachineConfig machine, MachineRecord record, ProcessUser? user)
    {
        return new QemuLaunch
        {
            Directory = _files.DirectoryOf(machine.Instance),
            Accelerator = Acceleration,
            Firmware = record.IsUefi ? PrepareFirmware(machine, user) : null,
            Disks = [.. machine.Disks.Select(d => PrepareDisk(d, user))],
            MonitorFd = DetachedCommand.FirstHandle,
        };
    }

    /// <summary>Lets the user of machines open a disk, and says how it is read.</summary>
    /// <exception cref="MachineException">It is not there.</exception>
    private DiskAccess PrepareDisk(MachineDisk disk, ProcessUser? user)
    {
        var path = disk.Source switch
        {
            DiskSource.NetworkBlockDevice device => device.SocketPath,
            DiskSource.LocalFile file => file.Path,
            _ => throw new ArgumentException($"{disk.Source.GetType().Name} is no source of a disk", nameof(disk)),
        };
        if (!File.Exists(path))
            throw new MachineException($"the disk of {disk.VolumeId}, {path}, does not exist");
        if (user is not null)
        {
            HostFile.SetOwner(path, user);
            File.SetUnixFileMode(path, OwnerOnly);
        }

        return disk.Source is DiskSource.LocalFile ? _diskAccess.For(path) : new DiskAccess("threads", IsDirect: false);
    }

    /// <summary>Puts an encrypted disk's passphrase where the user of machines can read it, and nobody else; null for other disks.</summary>
    private string? HandPassphrase(MachineDisk disk, ProcessUser? user, List<SecretFile> secrets)
    {
        if (_keys.Open(disk.VolumeId, disk.Key) is not { } passphrase)
            return null;
        var secret = SecretFile.Create(passphrase);
        secrets.Add(secret);
        if (user is not null)
            HostFile.SetOwner(secret.Path, user);
        return secret.Path;
    }

    private FirmwareFiles PrepareFirmware(MachineConfig machine, ProcessUser? user)
    {
        var firmware = FirmwareLocator.Find(machine.Architecture, "/")
            ?? throw new MachineException($"the UEFI firmware that {machine.Instance.Name} was first started with is no longer installed");
        var variables = Path.Combine(_files.DirectoryOf(machine.Instance), VariablesFile);
        if (!File.Exists(variables))
        {
            using (var template = File.OpenRead(firmware.VariablesPath))
            using (var copy = new FileStream(variables, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
                template.CopyTo(copy);
            if (user is not null)
                HostFile.SetOwner(variables, user);
        }

        return firmware with { VariablesPath = variables };
    }

    private static NicHandles OpenNic(MachineNic nic, List<SafeHandle> handles)
    {
        handles.Add(TapHandle.Open(nic.NetworkNamespace, nic.DeviceName));
        var tap = DetachedCommand.FirstHandle + handles.Count - 1;
        if (!File.Exists(VhostPath))
            return new NicHandles(tap, null);
        handles.Add(File.OpenHandle(VhostPath, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite));
        return new NicHandles(tap, tap + 1);
    }

    private async Task AwaitMonitorAsync(ResourceKey instance, QemuMachine machine, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var connecting = machine.ConnectAsync(_files.MonitorSocketOf(instance), _startTimeout, _time, () => Changed?.Invoke(instance), stop.Token);
        if (await Task.WhenAny(connecting, machine.Process.Exited) != connecting)
            await stop.CancelAsync();
        try
        {
            await connecting;
        }
        catch (Exception ex) when (ex is QmpException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // A monitor that hangs up is a process that is ending.
            if (ex is QmpException { Failure: QmpFailure.Disconnected })
                await Task.WhenAny(machine.Process.Exited, Task.Delay(_attachTimeout, _time, ct));
            var how = machine.Process.Exited.IsCompleted ? $"QEMU {await machine.Process.Exited}" : ex.Message;
            var message = $"{how}{ReadComplaint(instance)}";
            await KillAsync(instance, CancellationToken.None);
            throw new MachineException(message);
        }
    }

    /// <summary>The last thing QEMU printed, as ": text"; empty when it said nothing.</summary>
    private string ReadComplaint(ResourceKey instance)
    {
        using var log = HostFile.Open(_files.QemuLogOf(instance), isWritable: false);
        if (log is null)
            return "";
        var bytes = new byte[(int)Math.Min(ComplaintMax, log.Length)];
        log.Seek(-bytes.Length, SeekOrigin.End);
        var count = log.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var text = Encoding.UTF8.GetString(bytes, 0, count).Trim().ReplaceLineEndings(" ");
        return text.Length == 0 ? "" : $": {text}";
    }
}

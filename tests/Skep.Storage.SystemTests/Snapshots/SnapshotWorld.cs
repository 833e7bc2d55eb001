using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Compute.Kinds;
using Skep.Compute.Qemu;
using Skep.Compute.Qmp;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Linux.Processes;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;
using Skep.Storage.Servers;
using Skep.Storage.Snapshots;
using Skep.Storage.Volumes;
using Skep.Testing;

namespace Skep.Storage.SystemTests.Snapshots;

/// <summary>
/// A node's storage agents over real QEMU. The machine has no system to boot: what a guest would write goes through its
/// virtio device by the monitor. <see cref="RestartAsync"/> is a restart of the daemon, which the machine survives.
/// </summary>
internal sealed class SnapshotWorld : IAsyncDisposable
{
    private const string InstanceName = "i-0123456789abcdef0";
    private readonly TestResources _resources;
    private readonly SkepOptions _options;
    private readonly CommandRunner _runner = new(TimeProvider.System);
    private ProcessWatcher _watcher = null!;
    private QemuHypervisor _hypervisor = null!;
    private readonly List<ReconcilerHost> _hosts = [];
    private SnapshotAgent _snapshotAgent = null!;
    private SnapshotServer _server = null!;
    private VolumeHydrator _hydrator = null!;

    private SnapshotWorld(TestResources resources)
    {
        _resources = resources;
        // On the real clock: QEMU does not wait for another.
        Client = new ResourceClient(resources.Store, resources.Client.Kinds, TimeProvider.System, TestResources.SeededIds(2));
        _options = new SkepOptions { DataDirectory = Directory.CreateTempSubdirectory("skep-s-").FullName, NodeName = "node", HostPrefix = "skTst", Acceleration = "tcg" };
    }

    public ResourceClient Client { get; }
    public SnapshotStores Stores { get; private set; } = null!;
    private VolumeKeys Keys => new(_options.PathOf(KeyRingFile.FileName), TimeProvider.System);
    public QemuHypervisor Hypervisor => _hypervisor;

    /// <summary>Whether volumes are brought into their own files behind; from the next start of the daemon on.</summary>
    public bool Hydrates { get; set; }
    public string InstanceDirectory => new MachineFiles(_options.PathOf("instances")).DirectoryOf(Instance);
    public static ResourceKey Instance { get; } = ComputeKinds.Instance.Key("default", InstanceName);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<SnapshotWorld> CreateAsync()
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(':');
        foreach (var program in (string[])["qemu-system-x86_64", "qemu-img", "qemu-nbd"])
            Assert.SkipUnless(path.Any(p => File.Exists(Path.Combine(p, program))), $"{program} is not installed");
        Assert.SkipUnless(SystemUser.IsRoot, "machines run as a user of their own, which needs root");
        var world = new SnapshotWorld(await TestResources.CreateAsync([.. ComputeKinds.All, .. StorageKinds.All], Ct));
        await world.StartDaemonAsync();
        return world;
    }

    /// <summary>Makes a volume and waits until it is there.</summary>
    public async Task<Volume> MakeVolumeAsync(string name, string? snapshotId = null, bool isEncrypted = false, int sizeGib = 1)
    {
        await Client.CreateAsync(
            StorageKinds.Volume,
            new Volume
            {
                Metadata = { Name = name, Namespace = "default", Finalizers = [Storage.Kinds.Volume.Finalizer] },
                Spec = { SizeGib = sizeGib, NodeName = "node", SnapshotId = snapshotId, Encrypted = isEncrypted },
                Status = new VolumeStatus(),
            },
            Ct);
        return await WaitAsync(StorageKinds.Volume, name, v => v.Status?.State is not (null or "creating"));
    }

    public Volume Volume(string name) => Client.View.Get(StorageKinds.Volume, "default", name)!;

    /// <summary>Attaches volumes and starts the machine.</summary>
    public async Task StartMachineAsync(params string[] volumes)
    {
        await Client.CreateAsync(
            ComputeKinds.Instance,
            new Instance { Metadata = { Name = InstanceName, Namespace = "default" }, Spec = { ImageId = "ami-0123456789abcdef0", InstanceType = "t9.tiny", NodeName = "node" }, Status = new InstanceStatus { State = "running" } },
            Ct);
        foreach (var volume in volumes)
            await Client.ModifyAsync(StorageKinds.Volume, StorageKinds.Volume.Key("default", volume), v => { v.Spec.Attachment = new VolumeAttachment { InstanceId = InstanceName, Device = "/dev/xvda" }; return true; }, Ct);
        await _hypervisor.StartAsync(
            new MachineConfig
            {
                Instance = Instance, InstanceType = "t9.tiny", VCpus = 1, MemoryMib = 64, BootMode = "bios",
                Disks = [.. volumes.Select(v => new MachineDisk(v, new DiskSource.LocalFile(Volume(v).Status!.Path!, "qcow2")) { Key = Volume(v).Status!.Key })],
            },
            Ct);
    }

    /// <summary>Ends the machine as the agent does after its guest has shut down.</summary>
    public async Task StopMachineAsync()
    {
        await _hypervisor.KillAsync(Instance, Ct);
        await Client.ModifyAsync(ComputeKinds.Instance, Instance, i => { i.Status!.State = "stopped"; return true; }, Ct);
    }

    /// <summary>A write or read of the guest, in qemu-io's words.</summary>
    public async Task GuestAsync(string volume, string command)
    {
        await using var monitor = await QmpClient.ConnectAsync(Path.Combine(InstanceDirectory, QemuCommandLine.PeopleMonitorSocket), TimeSpan.FromSeconds(10), TimeProvider.System, Ct);
        var answer = await monitor.ExecuteAsync("human-monitor-command", w => w.WriteString("command-line", $"qemu-io -d /machine/peripheral/disk-{volume}/virtio-backend \"{command}\""), TimeSpan.FromSeconds(30), Ct);
        Assert.True(string.IsNullOrWhiteSpace(answer.GetString()), answer.GetString());
    }

    public async Task<JsonElement> MonitorAsync(string command)
    {
        await using var monitor = await QmpClient.ConnectAsync(Path.Combine(InstanceDirectory, QemuCommandLine.PeopleMonitorSocket), TimeSpan.FromSeconds(10), TimeProvider.System, Ct);
        return (await monitor.ExecuteAsync(command, Ct)).Clone();
    }

    /// <summary>Checks bytes of a volume that no machine has open.</summary>
    public Task ReadOfflineAsync(string volume, string pattern) => UseOfflineAsync(volume, "-r", "-c", pattern);

    /// <summary>The backing file that a volume's own file names; null when it stands alone.</summary>
    public async Task<string?> BackingOfAsync(string volume) => (await new QemuImg(_runner).InfoAsync(Volume(volume).Status!.Path!, DiskImageFormat.Qcow2, Ct)).BackingFile;

    /// <summary>A write into the file of a volume that no machine has open, in qemu-io's words.</summary>
    public Task WriteOfflineAsync(string volume, string command) => UseOfflineAsync(volume, "-c", command);

    private async Task UseOfflineAsync(string volume, params string[] arguments)
    {
        var status = Volume(volume).Status!;
        using var secret = Keys.Open(volume, status.Key) is { } passphrase ? SecretFile.Create(passphrase) : null;
        await _runner.CheckAsync(new Command("qemu-io", [.. arguments, .. QemuImg.Address("qcow2", status.Path!, secret?.Path)]), Ct);
    }

    public Task BeginSnapshotAsync(string name, string volume, bool isEncrypted = false) => Client.CreateAsync(
        StorageKinds.Snapshot,
        new Snapshot { Metadata = { Name = name, Namespace = "default" }, Spec = { VolumeId = volume, VolumeSizeGib = Volume(volume).Spec.SizeGib, Encrypted = isEncrypted } },
        Ct);

    /// <summary>Fixes the moment of a snapshot that is still to be made, as a daemon does that dies then.</summary>
    public async Task BeginCaptureAsync(string name, string volume, string? since) => Assert.NotNull(
        await _hypervisor.BeginCapturesAsync([new DiskCaptureRequest(Instance, volume, name, since) { Key = Volume(volume).Status!.Key }], Ct));

    public async Task<Snapshot> TakeSnapshotAsync(string name, string volume, bool isEncrypted = false)
    {
        await BeginSnapshotAsync(name, volume, isEncrypted);
        return await WaitForSnapshotAsync(name);
    }

    /// <summary>Makes snapshots that name each other, in one transaction as the dialects do.</summary>
    public async Task TakeSetAsync(params (string Name, string Volume)[] set)
    {
        var transaction = Client.Begin();
        foreach (var (name, volume) in set)
        {
            transaction.Create(StorageKinds.Snapshot, new Snapshot
            {
                Metadata = { Name = name, Namespace = "default" },
                Spec = { VolumeId = volume, VolumeSizeGib = 1, TakenWith = [.. set.Select(s => s.Name).Where(n => n != name)] },
            });
        }

        await transaction.CommitAsync(Ct);
    }

    public async Task<Snapshot> WaitForSnapshotAsync(string name)
    {
        var snapshot = await WaitAsync(StorageKinds.Snapshot, name, s => s.Status?.State is SnapshotState.Completed or SnapshotState.Error);
        Assert.True(snapshot.Status!.State == SnapshotState.Completed, snapshot.Status.Message);
        return snapshot;
    }

    public async Task<T> WaitAsync<T>(Kind<T> kind, string name, Func<T, bool> expected)
        where T : ResourceObject
    {
        var view = Client.View;
        if (view.Get(kind, "default", name) is { } now && expected(now))
            return now;
        await foreach (var _ in Client.Store.WatchAsync(kind.GroupResource, view.Revision, Ct))
        {
            if (Client.View.Get(kind, "default", name) is { } then && expected(then))
                return then;
        }

        throw new InvalidOperationException("the watch has ended");
    }

    /// <summary>Checks bytes of a snapshot.</summary>
    public async Task AssertContentAsync(string snapshot, long offset, int length, byte expected)
    {
        await using var reader = await Stores.OpenReaderAsync(snapshot, Ct);
        var buffer = new byte[length];
        await reader.ReadAsync(offset, buffer, Ct);
        var wrong = buffer.AsSpan().IndexOfAnyExcept(expected);
        Assert.True(wrong < 0, $"{snapshot} at {offset + wrong}: expected 0x{expected:x2}, not 0x{(wrong < 0 ? 0 : buffer[wrong]):x2}");
    }

    public async Task RestartAsync()
    {
        await StopDaemonAsync();
        await StartDaemonAsync();
    }

    public async ValueTask DisposeAsync()
    {
        var log = new MachineFiles(_options.PathOf("instances")).QemuLogOf(Instance);
        if (File.Exists(log))
            TestContext.Current.TestOutputHelper?.WriteLine(await File.ReadAllTextAsync(log, CancellationToken.None));
        await _hypervisor.RemoveAsync(Instance, CancellationToken.None);
        await StopDaemonAsync();
        await _resources.DisposeAsync();
        Directory.Delete(_options.DataDirectory, recursive: true);
    }

    private async Task StartDaemonAsync()
    {
        _watcher = new ProcessWatcher();
        _hypervisor = new QemuHypervisor(_options, _watcher, _runner, Keys, TimeProvider.System, NullLogger<QemuHypervisor>.Instance);
        Stores = new SnapshotStores(_options, TimeProvider.System);
        var servers = new BlockServers(_options, _watcher, _runner, TimeProvider.System, NullLogger<BlockServers>.Instance);
        var logs = new LogVolumeKeeper(servers, _runner, TimeProvider.System);
        _snapshotAgent = new SnapshotAgent(Client, Stores, _hypervisor, logs, new PoolPlaces(_options), Keys, _runner, _options, NullLogger<SnapshotAgent>.Instance);
        _server = new SnapshotServer(Stores, Client, _runner, _options, TimeProvider.System, NullLogger<SnapshotServer>.Instance);
        await _server.StartingAsync(Ct);
        var volumes = new VolumeAgent(
            Client, new VolumeFiles(_options, _runner), logs, servers, new PoolPlaces(_options), Keys, Stores, _server, _options,
            NullLogger<VolumeAgent>.Instance);
        _hydrator = new VolumeHydrator(Client, _hypervisor, _server, Keys, _runner, _options, NullLogger<VolumeHydrator>.Instance);
        foreach (var agent in (IReconciler[])(Hydrates ? [volumes, _snapshotAgent, _hydrator] : [volumes, _snapshotAgent]))
        {
            var host = new ReconcilerHost(agent, Client.Store, TimeProvider.System, NullLogger<ReconcilerHost>.Instance);
            _hosts.Add(host);
            await host.StartAsync(Ct);
        }
    }

    private async Task StopDaemonAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync(CancellationToken.None);
            host.Dispose();
        }

        _hosts.Clear();
        await _snapshotAgent.DisposeAsync();
        await _hydrator.DisposeAsync();
        await _server.DisposeAsync();
        await Stores.DisposeAsync();
        await _hypervisor.DisposeAsync();
        _watcher.Dispose();
    }
}

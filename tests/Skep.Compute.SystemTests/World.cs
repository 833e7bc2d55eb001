using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Nodes;
using Skep.Compute.Qemu;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.Processes;
using Skep.Networking.Kinds;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Testing;

namespace Skep.Compute.SystemTests;

/// <summary>
/// A resource model, a data directory and an agent over real QEMU. Deadlines run on the test's clock, QEMU on the real
/// one. <see cref="RestartAsync"/> is a restart of the daemon.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private readonly TestResources _resources;
    private readonly MachineKernel? _kernel;
    private readonly SkepOptions _options;
    private ReconcilerHost? _host;
    private ProcessWatcher? _watcher;
    private QemuHypervisor? _hypervisor;

    private World(TestResources resources, MachineKernel? kernel)
    {
        _resources = resources;
        _kernel = kernel;
        _options = new SkepOptions { DataDirectory = Directory.CreateTempSubdirectory("skep-t-").FullName, NodeName = "node", HostPrefix = "skTst", Acceleration = "tcg" };
        Files = new MachineFiles(_options.PathOf("instances"));
    }

    public TestClock Clock => _resources.Clock;
    public Core.Store.ResourceClient Client => _resources.Client;
    public string DataDirectory => _options.DataDirectory;
    public MachineFiles Files { get; }
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<World> CreateAsync(MachineKernel? kernel)
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(':');
        Assert.SkipUnless(path.Any(p => File.Exists(Path.Combine(p, "qemu-system-x86_64"))), "qemu-system-x86_64 is not installed");
        Assert.SkipUnless(SystemUser.IsRoot, "machines run as a user of their own, which needs root");
        var resources = await TestResources.CreateAsync([.. ComputeKinds.All, .. StorageKinds.All, .. NetworkingKinds.All], Ct);
        await resources.Client.CreateAsync(ComputeKinds.InstanceType, new InstanceType { Metadata = { Name = "t9.tiny" }, Spec = { VCpus = 2, MemoryMib = 128 } }, Ct);
        var world = new World(resources, kernel);
        await world.StartDaemonAsync();
        return world;
    }

    public static ResourceKey Key(string name) => ComputeKinds.Instance.Key("default", name);

    public Instance? Get(string name) => Client.View.Get(Key(name))?.View(ComputeKinds.Instance);

    public Task CreateAsync(string name, Action<Instance>? change = null)
    {
        var instance = new Instance
        {
            Metadata = { Name = name, Namespace = "default" },
            Spec = { ImageId = "ami-0123456789abcdef0", InstanceType = "t9.tiny", NodeName = "node" },
        };
        change?.Invoke(instance);
        return Client.CreateAsync(ComputeKinds.Instance, instance, Ct);
    }

    public Task ChangeAsync(string name, Action<InstanceSpec> change) =>
        Client.ModifyAsync(ComputeKinds.Instance, Key(name), i => { change(i.Spec); return true; }, Ct);

    public Task ChangeStatusAsync(string name, Action<InstanceStatus> change) =>
        Client.ModifyAsync(ComputeKinds.Instance, Key(name), i => { change(i.Status!); return true; }, Ct);

    /// <summary>Waits for the watch to show what is expected.</summary>
    public async Task<Instance?> WaitAsync(string name, Func<Instance?, bool> expected)
    {
        var view = Client.View;
        if (expected(Get(name)))
            return Get(name);
        await foreach (var _ in _resources.Store.WatchAsync(ComputeKinds.Instance.GroupResource, view.Revision, Ct))
        {
            if (expected(Get(name)))
                break;
        }

        return Get(name);
    }

    public Task<Instance?> WaitForStateAsync(string name, string state) => WaitAsync(name, i => i?.Status?.State == state);

    /// <summary>Reads the guest's console, from what it has written already, until a text has come that often; types a line first when given.</summary>
    public async Task<string> ConsoleAsync(string name, string? typed, string expected, int times = 1)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(Files.DirectoryOf(Key(name)), QemuCommandLine.ConsoleSocket)), Ct);
        var text = new StringBuilder();
        if (typed is not null)
            await socket.SendAsync(Encoding.UTF8.GetBytes(typed + "\n"), Ct);
        else
            text.Append(Encoding.UTF8.GetString(await ConsoleLog.ReadTailAsync(Files.ConsoleLogOf(Key(name)), Ct)));
        var buffer = new byte[4096];
        while (text.ToString().Split(expected).Length <= times)
        {
            var count = await socket.ReceiveAsync(buffer, Ct);
            if (count == 0)
                break;
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    public async Task RestartAsync(Func<Task>? between = null)
    {
        await StopDaemonAsync();
        if (between is not null)
            await between();
        await StartDaemonAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // What a failed test leaves running is ended here; what a test that passed leaves is an error.
        await StopDaemonAsync();
        using var watcher = new ProcessWatcher();
        await using var hypervisor = NewHypervisor(watcher);
        var left = hypervisor.List();
        foreach (var key in left)
            await hypervisor.RemoveAsync(key, CancellationToken.None);
        Directory.Delete(_options.DataDirectory, recursive: true);
        await _resources.DisposeAsync();
        if (TestContext.Current.TestState?.Result is not TestResult.Failed)
            Assert.Empty(left);
    }

    private async Task StartDaemonAsync()
    {
        _watcher = new ProcessWatcher();
        _hypervisor = NewHypervisor(_watcher);
        var agent = new InstanceAgent(Client, new KernelHypervisor(_hypervisor, _kernel), NodeFacts.Read(isSimulated: false), _options, new InstanceAgentOptions(), NullLogger<InstanceAgent>.Instance);
        _host = new ReconcilerHost(agent, _resources.Store, Clock, NullLogger<ReconcilerHost>.Instance);
        await _host.StartAsync(Ct);
    }

    private async Task StopDaemonAsync()
    {
        if (_host is null)
            return;
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        _host = null;
        await _hypervisor!.DisposeAsync();
        _watcher!.Dispose();
    }

    private QemuHypervisor NewHypervisor(ProcessWatcher watcher) =>
        new(
            _options, watcher, new CommandRunner(TimeProvider.System), new VolumeKeys(_options.PathOf(KeyRingFile.FileName), TimeProvider.System), TimeProvider.System, NullLogger<QemuHypervisor>.Instance);

    /// <summary>Starts every machine with the test's kernel, which no resource can say.</summary>
    private sealed class KernelHypervisor(IHypervisor inner, MachineKernel? kernel) : IHypervisor
    {
        public string Acceleration => inner.Acceleration;
        public long OverheadMib => inner.OverheadMib;
        public bool NeedsDevices => inner.NeedsDevices;
        public Action<ResourceKey>? Changed { get => inner.Changed; set => inner.Changed = value; }
        public IReadOnlyList<ResourceKey> List() => inner.List();
        public Task<MachineStatus> ObserveAsync(ResourceKey instance, CancellationToken ct) => inner.ObserveAsync(instance, ct);
        public Task StartAsync(MachineConfig machine, CancellationToken ct) => inner.StartAsync(machine with { Kernel = kernel }, ct);
        public Task PowerDownAsync(ResourceKey instance, CancellationToken ct) => inner.PowerDownAsync(instance, ct);
        public Task ResetAsync(ResourceKey instance, CancellationToken ct) => inner.ResetAsync(instance, ct);
        public Task ResumeAsync(ResourceKey instance, CancellationToken ct) => inner.ResumeAsync(instance, ct);
        public Task<IReadOnlyList<DiskStatus>> AlignDisksAsync(ResourceKey instance, DiskPlan plan, CancellationToken ct) => inner.AlignDisksAsync(instance, plan, ct);
        public Task KillAsync(ResourceKey instance, CancellationToken ct) => inner.KillAsync(instance, ct);
        public Task RemoveAsync(ResourceKey instance, CancellationToken ct) => inner.RemoveAsync(instance, ct);
        public Task TidyAsync(ResourceKey instance, CancellationToken ct) => inner.TidyAsync(instance, ct);
    }
}

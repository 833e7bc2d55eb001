using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Hosting;
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

namespace Skep.Storage.Tests.Volumes;

/// <summary>A data directory, the storage agents driven by hand, and stand-ins for the kinds of other rooms.</summary>
internal sealed class StorageWorld : IAsyncDisposable
{
    public static readonly GroupResource Instances = new("compute.skep.dev", "instances");
    public static readonly GroupResource Images = new("compute.skep.dev", "images");

    private readonly ProcessWatcher _watcher = new();

    private StorageWorld(TestResources resources, SkepOptions options)
    {
        Resources = resources;
        Options = options;
        Files = new VolumeFiles(options, new CommandRunner(TimeProvider.System));
        Stores = new SnapshotStores(options, TimeProvider.System);
        Server = new SnapshotServer(Stores, resources.Client, new CommandRunner(TimeProvider.System), options, TimeProvider.System, NullLogger<SnapshotServer>.Instance);
        Agent = NewAgent();
        Roots = new RootVolumeController(resources.Client);
    }

    public TestResources Resources { get; }
    public SkepOptions Options { get; }
    public VolumeFiles Files { get; }
    public VolumeKeys Keys => new(Options.PathOf(KeyRingFile.FileName), TimeProvider.System);
    public SnapshotStores Stores { get; }
    public SnapshotServer Server { get; }
    public VolumeAgent Agent { get; }
    public RootVolumeController Roots { get; }
    public ResourceClient Client => Resources.Client;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<StorageWorld> CreateAsync(bool isSimulated = false)
    {
        var resources = await TestResources.CreateAsync(
            [
                .. StorageKinds.All,
                new Kind<Namespace>(CoreJson.Default.Namespace) { Group = "compute.skep.dev", Name = "Instance", Plural = "instances" },
                new Kind<Namespace>(CoreJson.Default.Namespace) { Group = "compute.skep.dev", Name = "Image", Plural = "images" },
            ], Ct);
        var directory = Directory.CreateTempSubdirectory("skep-storage-").FullName;
        return new StorageWorld(resources, new SkepOptions { DataDirectory = directory, NodeName = "node", HostPrefix = "skTst", IsSimulated = isSimulated });
    }

    /// <summary>The agent of a daemon that has just started.</summary>
    public VolumeAgent NewAgent()
    {
        var servers = NewServers();
        return new VolumeAgent(Client, Files, NewLogs(servers), servers, new PoolPlaces(Options), Keys, Stores, Server, Options, NullLogger<VolumeAgent>.Instance);
    }

    /// <summary>What keeps log-structured volumes.</summary>
    public LogVolumeKeeper NewLogs() => NewLogs(NewServers());

    private static LogVolumeKeeper NewLogs(BlockServers servers) => new(servers, new CommandRunner(TimeProvider.System), TimeProvider.System);

    private BlockServers NewServers() => new(Options, _watcher, new CommandRunner(TimeProvider.System), TimeProvider.System, NullLogger<BlockServers>.Instance);

    public static ResourceKey Key(string volume) => StorageKinds.Volume.Key("default", volume);

    public Volume? Volume(string name) => Client.View.Get(StorageKinds.Volume, "default", name);

    /// <summary>Creates a volume and lets the agent work until it has nothing to do.</summary>
    public async Task<Volume> MakeAsync(string name, Action<VolumeSpec> change)
    {
        var volume = new Volume
        {
            Metadata = { Name = name, Namespace = "default", Finalizers = [Storage.Kinds.Volume.Finalizer] },
            Spec = new VolumeSpec { SizeGib = 1, NodeName = "node" },
            Status = new VolumeStatus(),
        };
        change(volume.Spec);
        await Client.CreateAsync(StorageKinds.Volume, volume, Ct);
        await Agent.ReconcileAsync(Key(name), Ct);
        return Volume(name)!;
    }

    public async Task WriteAsync(GroupResource resource, string json)
    {
        var transaction = Client.Begin();
        var kind = Client.Kinds[resource];
        var bytes = Encoding.UTF8.GetBytes(json);
        if (transaction.View.Get(kind.Key("default", ResourceDocument.ReadMetadata(bytes).Name)) is null)
            transaction.Create(kind, bytes);
        else
            transaction.Update(kind, bytes, WriteScope.All);
        await transaction.CommitAsync(Ct);
    }

    public Task WriteInstanceAsync(string name, string state) =>
        WriteAsync(Instances, $$"""{"metadata":{"name":"{{name}}","namespace":"default"},"spec":{"blockDevices":[{"volumeId":"vol-1"}]},"status":{"state":"{{state}}"} }""");

    public async Task WriteImageAsync(string name, string imageName, long sizeBytes)
    {
        Directory.CreateDirectory(Options.PathOf("images"));
        if (File.Exists("/usr/bin/qemu-img"))
            await new QemuImg(new CommandRunner(TimeProvider.System)).CreateAsync(Options.PathOf("images", $"{name}.qcow2"), DiskImageFormat.Qcow2, sizeBytes, Ct);
        await WriteAsync(Images, $$"""
            {"metadata":{"name":"{{name}}","namespace":"default"},
             "spec":{"name":"{{imageName}}","fileName":"{{name}}.qcow2","sizeBytes":{{sizeBytes}} },"status":{"state":"available"} }
            """);
    }

    public static void RequireQemuImg() => Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed");

    public async ValueTask DisposeAsync()
    {
        _watcher.Dispose();
        await Server.DisposeAsync();
        await Stores.DisposeAsync();
        await Resources.DisposeAsync();
        Directory.Delete(Options.DataDirectory, recursive: true);
    }
}

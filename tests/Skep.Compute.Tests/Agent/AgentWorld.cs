using Microsoft.Extensions.Logging.Abstractions;
using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Nodes;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Networking.Kinds;
using Skep.Storage.Kinds;
using Skep.Testing;

namespace Skep.Compute.Tests.Agent;

/// <summary>An agent over a fake hypervisor, with one volume and one interface ready for the instance.</summary>
internal sealed class AgentWorld : IAsyncDisposable
{
    public const string Id = "i-0123456789abcdef0";
    public const string VolumeId = "vol-0123456789abcdef0";
    public const string NicId = "eni-0123456789abcdef0";

    private readonly TestResources _resources;

    private AgentWorld(TestResources resources) => _resources = resources;

    public static ResourceKey Key { get; } = ComputeKinds.Instance.Key("default", Id);

    public FakeHypervisor Hypervisor { get; } = new();
    public TestClock Clock => _resources.Clock;
    public Core.Store.ResourceClient Client => _resources.Client;
    public Instance? Instance => Client.View.Get(Key)?.View(ComputeKinds.Instance);
    public string? State => Instance?.Status?.State;
    public Volume? Volume => Client.View.Get(StorageKinds.Volume, "default", VolumeId);
    public NetworkInterface? Nic => Client.View.Get(NetworkingKinds.NetworkInterface, "default", NicId);
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<AgentWorld> CreateAsync(Action<Instance>? change = null)
    {
        var resources = await TestResources.CreateAsync([.. ComputeKinds.All, .. StorageKinds.All, .. NetworkingKinds.All], Ct);
        var world = new AgentWorld(resources);
        await world.Client.CreateAsync(ComputeKinds.InstanceType, new InstanceType { Metadata = { Name = "t3.micro" }, Spec = { VCpus = 2, MemoryMib = 1024 } }, Ct);
        await world.Client.CreateAsync(
            StorageKinds.Volume,
            new Volume
            {
                Metadata = { Name = VolumeId, Namespace = "default" },
                Spec = { SizeGib = 1, NodeName = "node", Attachment = new() { InstanceId = Id, Device = "/dev/xvda", DeleteOnTermination = true } },
                Status = new() { State = "in-use", Path = "/volumes/v.qcow2", Format = "qcow2" },
            },
            Ct);
        await world.Client.CreateAsync(
            NetworkingKinds.NetworkInterface,
            new NetworkInterface
            {
                Metadata = { Name = NicId, Namespace = "default" },
                Spec = { VpcId = "vpc-1", SubnetId = "subnet-1", PrivateIpAddress = "172.31.0.9", MacAddress = "02:00:00:00:00:01", NodeName = "node", Attachment = new() { InstanceId = Id, DeleteOnTermination = true } },
                Status = new() { State = "in-use", NetworkNamespace = "vpc", DeviceName = "tap" },
            },
            Ct);
        var instance = new Instance
        {
            Metadata = { Name = Id, Namespace = "default" },
            Spec =
            {
                ImageId = "ami-0123456789abcdef0", InstanceType = "t3.micro", NodeName = "node",
                BlockDevices = [new() { DeviceName = "/dev/xvda", VolumeId = VolumeId }],
                NetworkInterfaces = [new() { NetworkInterfaceId = NicId }],
            },
        };
        change?.Invoke(instance);
        await world.Client.CreateAsync(ComputeKinds.Instance, instance, Ct);
        return world;
    }

    /// <summary>A daemon that has just started: an agent without any memory.</summary>
    public InstanceAgent NewAgent(long allocatableMib = 8192) => new(
        Client,
        Hypervisor,
        new NodeFacts { Cpus = 2, MemoryMib = allocatableMib, AllocatableMemoryMib = allocatableMib, Architecture = "amd64", KernelVersion = "6", OsImage = "Linux", Addresses = [] },
        new SkepOptions { DataDirectory = "/nonexistent", NodeName = "node", HostPrefix = "skTst" },
        new InstanceAgentOptions(),
        NullLogger<InstanceAgent>.Instance);

    /// <summary>Reconciles until nothing changes any more: as the watch would. Returns the last pause asked for.</summary>
    public async Task<TimeSpan?> SettleAsync(InstanceAgent agent)
    {
        const int RoundsMax = 50;
        for (var round = 0; round < RoundsMax; round++)
        {
            var (revision, machine) = (Client.View.Revision, Hypervisor.Phase);
            var pause = await agent.ReconcileAsync(Key, Ct);
            if (Client.View.Revision == revision && Hypervisor.Phase == machine)
                return pause;
        }

        throw new InvalidOperationException($"the agent does not come to rest: {State}");
    }

    public Task ChangeAsync(Action<Instance> change) => Client.ModifyAsync(ComputeKinds.Instance, Key, i => { change(i); return true; }, Ct);

    public ValueTask DisposeAsync() => _resources.DisposeAsync();
}

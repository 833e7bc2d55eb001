using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Networking.Agent;
using Skep.Networking.Dns;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Networking.SystemTests;

/// <summary>
/// A node with its agent, in a network namespace that plays the host, with another one that plays the rest of the world
/// (198.51.100.1). Nothing outside of these is touched. Disposing it asserts that nothing stays behind.
/// </summary>
internal sealed class FabricWorld : IAsyncDisposable
{
    public const string Node = "node-1";
    public const string VpcId = "vpc-00000000000000001";
    public const string SubnetId = "subnet-00000000000000001";
    public static readonly IPAddress World = IPAddress.Parse("198.51.100.1");
    public static readonly IPAddress HostAddress = IPAddress.Parse("198.51.100.2");
    public static readonly ResourceKey Vpc = NetworkingKinds.Vpc.Key("default", VpcId);

    private static int _count;

    private readonly List<Guest> _guests = [];
    private readonly DnsForwarder _forwarder;

    private FabricWorld(TestResources resources)
    {
        Resources = resources;
        // Two worlds at a time, also of two test runs, must not meet: the process's number makes the prefix its own.
        Prefix = $"k{Environment.ProcessId % 256:x2}{Interlocked.Increment(ref _count) % 256:x2}";
        HostNamespace = $"host{Prefix}";
        WorldNamespace = $"world{Prefix}";
        Names = new HostNames(Prefix);
        _forwarder = new DnsForwarder(() => [new IPEndPoint(World, 53)], HostNamespace, TestResources.SeededIds(2), TimeProvider.System);
        Ip = new IpTool(Runner);
        Nft = new Nftables(Runner);
        Fabric = NewFabric();
        Agent = NewAgent();
    }

    public CommandRunner Runner { get; } = new(TimeProvider.System);
    public IpTool Ip { get; }
    public Nftables Nft { get; }
    public TestResources Resources { get; }
    public ResourceClient Client => Resources.Client;
    public string Prefix { get; }
    public string HostNamespace { get; }
    public string WorldNamespace { get; }
    public HostNames Names { get; }
    public VpcFabric Fabric { get; private set; }
    public InterfaceAgent Agent { get; private set; }

    /// <summary>The VPC's namespace.</summary>
    public string VpcNamespace => Names.Namespace(Vpc);

    public static async Task<FabricWorld> CreateAsync(CancellationToken ct)
    {
        Assert.SkipUnless(SystemUser.IsRoot, "needs root to make network namespaces");
        Assert.SkipUnless(File.Exists("/usr/sbin/nft"), "needs nft(8) of nftables");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
        Assert.SkipUnless(File.Exists("/usr/bin/busybox") || File.Exists("/bin/busybox"), "needs busybox for its DHCP client");
        var world = new FabricWorld(await TestResources.CreateAsync(NetworkingKinds.All, ct));
        await NetworkNamespace.EnsureAsync(world.Runner, world.HostNamespace, ct);
        await NetworkNamespace.EnsureAsync(world.Runner, world.WorldNamespace, ct);
        await world.Ip.RunAsync(world.HostNamespace, [new IpCommand("link", "add", "name", "eth0", "type", "veth", "peer", "name", "eth0", "netns", world.WorldNamespace)], ct);
        await world.Ip.RunAsync(world.WorldNamespace, [IpCommand.Address(World, 24, "eth0"), IpCommand.Up("eth0")], ct);
        await world.Ip.RunAsync(world.HostNamespace,
        [
            IpCommand.Address(HostAddress, 24, "eth0"), IpCommand.Up("eth0"),
            IpCommand.RouteThrough(IPNetwork.Parse("0.0.0.0/0"), World, "eth0", HostAddress),
        ], ct);
        Sysctl.Write(world.HostNamespace, "0", "net", "ipv4", "ip_forward");
        await world.Client.CreateAsync(NetworkingKinds.Vpc, new Vpc { Metadata = Meta(VpcId), Spec = { CidrBlock = "172.31.0.0/16", IsDefault = true } }, ct);
        await world.Client.CreateAsync(NetworkingKinds.Subnet, new Subnet { Metadata = Meta(SubnetId), Spec = { VpcId = VpcId, CidrBlock = "172.31.0.0/20", AvailabilityZone = "us-east-1a" } }, ct);
        return world;
    }

    /// <summary>Makes a security group; without rules for the way out everything may leave.</summary>
    public Task<SecurityGroup> CreateGroupAsync(string id, IEnumerable<SecurityGroupRule> ingress, CancellationToken ct) =>
        Client.CreateAsync(NetworkingKinds.SecurityGroup, new SecurityGroup
        {
            Metadata = Meta(id),
            Spec = { GroupName = id, VpcId = VpcId, Description = "test", Ingress = [.. ingress], Egress = [new() { CidrIpv4 = "0.0.0.0/0" }] },
        }, ct);

    /// <summary>Makes an attached interface; the agent has not seen it yet.</summary>
    public async Task<ResourceKey> CreateInterfaceAsync(int number, IEnumerable<string> groups, CancellationToken ct, bool sourceDestCheck = true)
    {
        var id = $"eni-{number:x17}";
        await Client.CreateAsync(NetworkingKinds.NetworkInterface, new NetworkInterface
        {
            Metadata = Meta(id, NetworkInterface.Finalizer),
            Spec =
            {
                VpcId = VpcId, SubnetId = SubnetId, PrivateIpAddress = $"172.31.0.{number}", MacAddress = $"0a:00:00:00:00:{number:x2}",
                Groups = [.. groups], NodeName = Node, SourceDestCheck = sourceDestCheck,
                Attachment = new() { AttachmentId = $"eni-attach-{number:x17}", InstanceId = $"i-{number:x17}" },
            },
        }, ct);
        return NetworkingKinds.NetworkInterface.Key("default", id);
    }

    /// <summary>Lets the agent work on the VPC once.</summary>
    public Task ReconcileAsync(CancellationToken ct) => Agent.ReconcileAsync(Vpc, ct);

    /// <summary>An interface as stored.</summary>
    public NetworkInterface Interface(ResourceKey key) => NetworkingKinds.NetworkInterface.Decode(Client.View.Get(key)!);

    /// <summary>Makes an interface, reconciles, and switches a machine on.</summary>
    public async Task<Guest> StartGuestAsync(int number, IEnumerable<string> groups, CancellationToken ct)
    {
        var key = await CreateInterfaceAsync(number, groups, ct);
        await ReconcileAsync(ct);
        return await StartGuestAsync(key, mac: null, ct);
    }

    /// <summary>Switches a machine on at an interface that is ready.</summary>
    public async Task<Guest> StartGuestAsync(ResourceKey key, string? mac, CancellationToken ct)
    {
        var guest = await Guest.StartAsync(Runner, $"guest{Prefix}{key.Name[^3..]}", Interface(key), mac, ct);
        _guests.Add(guest);
        return guest;
    }

    /// <summary>The daemon dies and starts again: a new agent that knows nothing of the old one's work.</summary>
    public async Task RestartAgentAsync()
    {
        await Fabric.DisposeAsync();
        Fabric = NewFabric();
        Agent = NewAgent();
    }

    /// <summary>Everything that the kernel holds of the host, as text to compare.</summary>
    public async Task<string> SnapshotAsync(CancellationToken ct) => string.Join('\n',
    [
        string.Join(' ', NetworkNamespace.List(Prefix)),
        string.Join(' ', await Ip.ListLinksAsync(HostNamespace, ct)),
        string.Join(' ', await Ip.ListAddressesAsync(HostNamespace, ct)),
        string.Join(' ', await Ip.ListRoutesAsync(HostNamespace, ct)),
        await Nft.ListRulesetAsync(HostNamespace, ct),
        .. new[] { "all", "default", "eth0" }.Select(d => Sysctl.Read(HostNamespace, "net", "ipv4", "conf", d, "forwarding")),
    ]);

    public async ValueTask DisposeAsync()
    {
        foreach (var guest in _guests)
            await guest.DisposeAsync();
        await Fabric.DisposeAsync();
        await FabricPurge.RunAsync(Runner, Prefix, HostNamespace, CancellationToken.None);
        await NetworkNamespace.DeleteAsync(Runner, HostNamespace, CancellationToken.None);
        await NetworkNamespace.DeleteAsync(Runner, WorldNamespace, CancellationToken.None);
        await Resources.DisposeAsync();
        Assert.Empty(NetworkNamespace.List(Prefix));
    }

    private static ObjectMeta Meta(string name, params string[] finalizers) =>
        new() { Name = name, Namespace = "default", Finalizers = finalizers.Length == 0 ? null : [.. finalizers] };

    private VpcFabric NewFabric() => new(Runner, Names, _forwarder, TimeProvider.System, NullLogger<VpcFabric>.Instance, HostNamespace);

    private InterfaceAgent NewAgent()
    {
        var options = new SkepOptions { DataDirectory = "/nonexistent", NodeName = Node, HostPrefix = Prefix };
        return new InterfaceAgent(Client, new VpcPlanner(Node, Names), Fabric, options);
    }
}

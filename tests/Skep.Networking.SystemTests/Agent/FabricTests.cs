using System.Net;
using System.Net.Sockets;
using System.Text;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Networking.Kinds;

namespace Skep.Networking.SystemTests.Agent;

public sealed class FabricTests
{
    private const string Default = "sg-00000000000000001";
    private const string Other = "sg-00000000000000002";

    private static readonly SecurityGroupRule _fromItself = new() { ReferencedGroupId = Default };
    private static readonly IPAddress _gateway = IPAddress.Parse("172.31.0.1");
    private static readonly IPAddress _a = IPAddress.Parse("172.31.0.4");
    private static readonly IPAddress _b = IPAddress.Parse("172.31.0.5");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_gets_a_lease_and_reaches_gateway_and_neighbour()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [_fromItself], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        var b = await world.StartGuestAsync(5, [Default], Ct);
        var lease = await a.LeaseAsync(Ct);
        await b.LeaseAsync(Ct);
        Assert.Equal("172.31.0.4", lease["ip"]);
        Assert.Equal("20", lease["mask"]);
        Assert.Equal("172.31.0.1", lease["router"]);
        Assert.Equal("172.31.0.2", lease["dns"]);
        Assert.Equal("ip-172-31-0-4", lease["hostname"]);
        Assert.Equal("ec2.internal", lease["domain"]);
        Assert.Equal("1500", lease["mtu"]);
        Assert.Equal("169.254.169.254/32 172.31.0.1 0.0.0.0/0 172.31.0.1", lease["staticroutes"].Trim());
        Assert.True(await a.PingsAsync(_gateway, Ct));
        Assert.True(await a.PingsAsync(_b, Ct));
        Assert.True(await b.PingsAsync(_a, Ct));
    }

    [Fact]
    public async Task A_machine_with_another_mac_gets_no_lease()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await world.ReconcileAsync(Ct);
        var guest = await world.StartGuestAsync(key, mac: "0a:00:00:00:00:99", Ct);
        Assert.Null(await guest.TryLeaseAsync(tries: 2, Ct));
    }

    [Fact]
    public async Task Other_groups_are_shut_out_and_answers_come_back()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [_fromItself], Ct);
        await world.CreateGroupAsync(Other, [], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        var b = await world.StartGuestAsync(5, [Default], Ct);
        var c = await world.StartGuestAsync(6, [Other], Ct);
        foreach (var guest in (Guest[])[a, b, c])
            await guest.LeaseAsync(Ct);
        Assert.True(await b.PingsAsync(_a, Ct));
        Assert.False(await c.PingsAsync(_a, Ct));

        // The other way needs a rule of its own: only answers come back.
        using var listener = b.Listen(_b, 80);
        using var client = await a.ConnectAsync(new IPEndPoint(_b, 80), Ct);
        using var accepted = await listener.AcceptAsync(Ct);
        await accepted.SendAsync("hello"u8.ToArray(), Ct);
        var buffer = new byte[16];
        Assert.Equal(5, await client.ReceiveAsync(buffer, Ct));
        Assert.False(await a.PingsAsync(IPAddress.Parse("172.31.0.6"), Ct));
    }

    [Fact]
    public async Task A_change_of_rules_or_members_counts_at_once()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [], Ct);
        await world.CreateGroupAsync(Other, [], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        var c = await world.StartGuestAsync(6, [Other], Ct);
        await a.LeaseAsync(Ct);
        await c.LeaseAsync(Ct);
        using var receiver = a.Udp(_a, 1000);
        using var allowed = a.Udp(_a, 2000);
        await ChangeGroupAsync(world, Default, [new() { IpProtocol = "udp", FromPort = 2000, ToPort = 2000, CidrIpv4 = "172.31.0.6/32" }]);
        await AssertOnlySecondArrivesAsync(c, receiver, allowed);

        await ChangeGroupAsync(world, Default,
        [
            new() { IpProtocol = "udp", FromPort = 2000, ToPort = 2000, CidrIpv4 = "172.31.0.6/32" },
            new() { IpProtocol = "udp", FromPort = 1000, ToPort = 1000, ReferencedGroupId = Other },
        ]);
        await SendAsync(c, receiver);
        Assert.Equal("x", await ReceiveAsync(receiver));
    }

    [Fact]
    public async Task Forged_senders_are_dropped()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [new() { CidrIpv4 = "0.0.0.0/0" }], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        var b = await world.StartGuestAsync(5, [Default], Ct);
        await a.LeaseAsync(Ct);
        await b.LeaseAsync(Ct);
        using var receiver = a.Udp(_a, 1000);
        await b.ConfigureAsync(IpCommand.Address(IPAddress.Parse("172.31.0.77"), 32, "eth0"), Ct);
        using var forged = b.Udp(IPAddress.Parse("172.31.0.77"), 9);
        using var honest = b.Udp(_b, 9);
        await forged.SendToAsync("forged"u8.ToArray(), new IPEndPoint(_a, 1000), Ct);
        await honest.SendToAsync("honest"u8.ToArray(), new IPEndPoint(_a, 1000), Ct);
        Assert.Equal("honest", await ReceiveAsync(receiver));
        Assert.Equal(0, receiver.Available);
    }

    [Fact]
    public async Task Without_source_check_other_senders_pass()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [new() { CidrIpv4 = "0.0.0.0/0" }], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        await a.LeaseAsync(Ct);
        var key = await world.CreateInterfaceAsync(5, [Default], Ct, sourceDestCheck: false);
        await world.ReconcileAsync(Ct);
        var b = await world.StartGuestAsync(key, mac: null, Ct);
        await b.LeaseAsync(Ct);
        using var receiver = a.Udp(_a, 1000);
        await b.ConfigureAsync(IpCommand.Address(IPAddress.Parse("10.9.9.9"), 32, "eth0"), Ct);
        using var sender = b.Udp(IPAddress.Parse("10.9.9.9"), 9);
        await sender.SendToAsync("routed"u8.ToArray(), new IPEndPoint(_a, 1000), Ct);
        Assert.Equal("routed", await ReceiveAsync(receiver));
    }

    [Fact]
    public async Task A_guest_cannot_take_its_neighbours_address_by_ARP()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [new() { CidrIpv4 = "0.0.0.0/0" }], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        var b = await world.StartGuestAsync(5, [Default], Ct);
        await a.LeaseAsync(Ct);
        await b.LeaseAsync(Ct);
        await b.RunAsync(new Command("busybox", "arping", "-U", "-c", "2", "-I", "eth0", "-s", "172.31.0.4", "172.31.0.4"), Ct);
        var neighbours = await world.Runner.CheckAsync(new Command("ip", "-n", world.VpcNamespace, "neighbour", "show", "172.31.0.4"), Ct);
        Assert.Single(neighbours.Output.Trim().Split('\n'));
        Assert.Contains("0a:00:00:00:00:04 PERMANENT", neighbours.Output, StringComparison.Ordinal);
        Assert.True(await b.PingsAsync(_a, Ct));
    }

    [Fact]
    public async Task Guests_reach_the_world_and_the_world_not_them()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [new() { CidrIpv4 = "0.0.0.0/0" }], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        await a.LeaseAsync(Ct);
        Assert.True(await a.PingsAsync(FabricWorld.World, Ct));
        // Even with a route: the host lets in only answers.
        await world.Ip.RunAsync(world.WorldNamespace, [IpCommand.RouteThrough(IPNetwork.Parse("172.31.0.0/16"), FabricWorld.HostAddress, "eth0", FabricWorld.World)], Ct);
        var ping = await world.Runner.RunAsync(InNamespace(world.WorldNamespace, "busybox", "ping", "-c", "1", "-W", "1", "172.31.0.4"), Ct);
        Assert.False(ping.IsSuccess);
    }

    [Fact]
    public async Task The_host_reaches_instances_whatever_their_groups_say()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [_fromItself], Ct);
        await world.CreateGroupAsync(Other, [], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        var c = await world.StartGuestAsync(6, [Other], Ct);
        await a.LeaseAsync(Ct);
        await c.LeaseAsync(Ct);
        using var ssh = a.Listen(_a, 22);
        using var fromHost = NetworkNamespace.RunIn(world.HostNamespace, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await fromHost.ConnectAsync(new IPEndPoint(_a, 22), Ct);
        // Through the namespace too, which works where the host has no route.
        using var fromNamespace = NetworkNamespace.RunIn(world.VpcNamespace, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await fromNamespace.ConnectAsync(new IPEndPoint(_a, 22), Ct);
        Assert.Equal(_gateway, ((IPEndPoint)fromNamespace.LocalEndPoint!).Address);
        Assert.False(await c.PingsAsync(_a, Ct));
    }

    [Fact]
    public async Task Names_of_the_vpc_and_of_the_world_are_resolved()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [_fromItself], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        await a.LeaseAsync(Ct);
        using var upstream = NetworkNamespace.RunIn(world.WorldNamespace, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(FabricWorld.World, 53));
            return socket;
        });
        var answering = AnswerOnceAsync(upstream);
        Assert.Equal("172.31.0.4", await LookUpAsync(a, "ip-172-31-0-4.ec2.internal", "172.31.0.2"));
        Assert.Equal("172.31.0.4", await LookUpAsync(a, "ip-172-31-0-4.ec2.internal", "169.254.169.253"));
        Assert.Equal("192.0.2.33", await LookUpAsync(a, "example.org", "172.31.0.2"));
        await answering;
    }

    [Fact]
    public async Task The_resolver_survives_garbage_and_serves_TCP()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var a = await world.StartGuestAsync(4, [], Ct);
        await a.LeaseAsync(Ct);
        var random = new Random(20260104);
        using (var noise = a.Udp(IPAddress.Any, 0))
        {
            for (var i = 0; i < 500; i++)
            {
                var bytes = new byte[random.Next(1, 600)];
                random.NextBytes(bytes);
                bytes[^1] = 0xff; // no question by chance, which would be asked of the world
                await noise.SendToAsync(bytes.Length > 4 ? [.. bytes[..2], (byte)(bytes[2] | 0x80), .. bytes[3..]] : bytes, new IPEndPoint(IPAddress.Parse("172.31.0.2"), 53), Ct);
                await noise.SendToAsync(bytes, new IPEndPoint(IPAddress.Parse("172.31.0.1"), 67), Ct);
            }
        }

        Assert.Equal("172.31.0.4", await LookUpAsync(a, "ip-172-31-0-4.ec2.internal", "172.31.0.2"));
        using var socket = await a.ConnectAsync(new IPEndPoint(IPAddress.Parse("172.31.0.2"), 53), Ct);
        await using var stream = new NetworkStream(socket);
        byte[] query = [0x77, 0x77, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Skep.Networking.Dns.DnsAnswer.EncodeName("4.0.31.172.in-addr.arpa"), 0, 12, 0, 1];
        for (var i = 0; i < 2; i++)
        {
            await Skep.Networking.Dns.DnsStream.WriteAsync(stream, query, Ct);
            var answer = await Skep.Networking.Dns.DnsStream.ReadAsync(stream, Ct);
            Assert.Contains("ip-172-31-0-4", Encoding.ASCII.GetString(answer!), StringComparison.Ordinal);
        }

        Assert.Equal("172.31.0.4", (await a.LeaseAsync(Ct))["ip"]);
    }

    [Fact]
    public async Task Everything_goes_with_the_last_interface()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        var a = await world.CreateInterfaceAsync(4, [], Ct);
        var b = await world.CreateInterfaceAsync(5, [], Ct);
        await world.ReconcileAsync(Ct);
        Assert.Equal("in-use", world.Interface(a).Status!.State);
        Assert.Equal(world.VpcNamespace, world.Interface(a).Status!.NetworkNamespace);
        Assert.Null(world.Interface(a).Status!.Message);

        await world.Client.DeleteAsync(a, Ct);
        await world.ReconcileAsync(Ct);
        Assert.Null(world.Client.View.Get(a));
        Assert.Equal([world.Names.Tap(b)], (await world.Ip.ListLinksAsync(world.VpcNamespace, Ct)).Where(l => l.Kind == "tun").Select(l => l.Name));
        Assert.DoesNotContain(await world.Ip.ListRoutesAsync(world.VpcNamespace, Ct), r => r.Destination.Contains(_a) && r.Destination.PrefixLength == 32);

        await world.Client.DeleteAsync(b, Ct);
        await world.ReconcileAsync(Ct);
        Assert.Null(world.Client.View.Get(b));
        Assert.Equal(before, await world.SnapshotAsync(Ct));
    }

    [Fact]
    public async Task Detaching_removes_the_device_and_keeps_the_interface()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await world.ReconcileAsync(Ct);
        await world.Client.ModifyAsync(NetworkingKinds.NetworkInterface, key, i => { i.Spec.Attachment = null; return true; }, Ct);
        await world.ReconcileAsync(Ct);
        Assert.Equal("available", world.Interface(key).Status!.State);
        Assert.Null(world.Interface(key).Status!.DeviceName);
        Assert.Equal(before, await world.SnapshotAsync(Ct));
    }

    [Fact]
    public async Task A_range_that_the_host_routes_elsewhere_stays_there_and_is_reported()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.Ip.RunAsync(world.HostNamespace, [IpCommand.RouteThrough(IPNetwork.Parse("172.16.0.0/12"), FabricWorld.World, "eth0", FabricWorld.HostAddress)], Ct);
        await world.CreateGroupAsync(Default, [_fromItself], Ct);
        var key = await world.CreateInterfaceAsync(4, [Default], Ct);
        await world.ReconcileAsync(Ct);
        Assert.Contains("172.16.0.0/12", world.Interface(key).Status!.Message, StringComparison.Ordinal);
        Assert.Equal("in-use", world.Interface(key).Status!.State);
        Assert.DoesNotContain(await world.Ip.ListRoutesAsync(world.HostNamespace, Ct), r => r.Destination == IPNetwork.Parse("172.31.0.0/16"));
        var guest = await world.StartGuestAsync(key, mac: null, Ct);
        await guest.LeaseAsync(Ct);
        Assert.True(await guest.PingsAsync(FabricWorld.World, Ct));
    }

    [Fact]
    public async Task A_restarted_daemon_takes_over_running_guests()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await world.CreateGroupAsync(Default, [_fromItself], Ct);
        var a = await world.StartGuestAsync(4, [Default], Ct);
        await a.LeaseAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        await world.RestartAgentAsync();
        Assert.True(await a.PingsAsync(FabricWorld.World, Ct)); // while no daemon runs
        await world.ReconcileAsync(Ct);
        Assert.Equal(before, await world.SnapshotAsync(Ct));
        Assert.Equal("172.31.0.4", (await a.LeaseAsync(Ct))["ip"]);
        Assert.True(await a.PingsAsync(FabricWorld.World, Ct));
    }

    [Fact]
    public async Task A_fault_that_cannot_be_served_is_told_and_leaves_the_others_alone()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var a = await world.CreateInterfaceAsync(4, [], Ct);
        var reserved = await world.CreateInterfaceAsync(3, [], Ct);
        await world.ReconcileAsync(Ct);
        Assert.Equal("in-use", world.Interface(a).Status!.State);
        Assert.Equal("pending", world.Interface(reserved).Status!.State);
        Assert.Contains("172.31.0.3", world.Interface(reserved).Status!.Message, StringComparison.Ordinal);
    }

    private static Task ChangeGroupAsync(FabricWorld world, string id, List<SecurityGroupRule> ingress) =>
        world.Client.ModifyAsync(NetworkingKinds.SecurityGroup, NetworkingKinds.SecurityGroup.Key("default", id), g => { g.Spec.Ingress = ingress; return true; }, Ct)
            .ContinueWith(_ => world.ReconcileAsync(Ct), TaskScheduler.Default).Unwrap();

    /// <summary>Both take the same way, so when the second has come the first will not come any more.</summary>
    private static async Task AssertOnlySecondArrivesAsync(Guest from, Socket first, Socket second)
    {
        await SendAsync(from, first);
        await SendAsync(from, second);
        Assert.Equal("x", await ReceiveAsync(second));
        Assert.Equal(0, first.Available);
    }

    private static async Task SendAsync(Guest from, Socket to)
    {
        using var socket = from.Udp(IPAddress.Any, 0);
        await socket.SendToAsync("x"u8.ToArray(), to.LocalEndPoint!, Ct);
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        // A packet that is lost must fail the test, not hang it.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, deadline.Token));
    }

    private static async Task<string> LookUpAsync(Guest guest, string name, string server)
    {
        byte[] query = [0x77, 0x77, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Skep.Networking.Dns.DnsAnswer.EncodeName(name), 0, 1, 0, 1];
        using var socket = guest.Udp(IPAddress.Any, 0);
        var buffer = new byte[512];
        // UDP may lose a packet, most of all behind a flood: a resolver's client asks again.
        for (var attempt = 1; ; attempt++)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            deadline.CancelAfter(TimeSpan.FromSeconds(3));
            try
            {
                await socket.SendToAsync(query, new IPEndPoint(IPAddress.Parse(server), 53), Ct);
                var length = await socket.ReceiveAsync(buffer, deadline.Token);
                Assert.Equal(0x77, buffer[0]);
                return new IPAddress(buffer.AsSpan(length - 4, 4)).ToString();
            }
            catch (OperationCanceledException) when (attempt < 10 && !Ct.IsCancellationRequested)
            {
            }
        }
    }

    private static async Task AnswerOnceAsync(Socket upstream)
    {
        var buffer = new byte[512];
        var query = await upstream.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Ct);
        buffer[2] |= 0x80;
        buffer[7] = 1;
        byte[] answer = [.. buffer[..query.ReceivedBytes], 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 33];
        await upstream.SendToAsync(answer, query.RemoteEndPoint, Ct);
    }

    private static Command InNamespace(string ns, params string[] command) => new("nsenter", [$"--net={NetworkNamespace.PathOf(ns)}", .. command]);
}

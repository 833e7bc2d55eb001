using System.Net;
using System.Net.Sockets;
using Skep.Linux;
using Skep.Networking.Kinds;

namespace Skep.Networking.SystemTests.Agent;

public sealed class FabricTests
{
    private const string Default = "sg-00000000000000001";

    private static readonly SecurityGroupRule _fromItself = new() { ReferencedGroupId = Default };
    private static readonly IPAddress _gateway = IPAddress.Parse("172.31.0.1");

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
        Assert.True(await a.PingsAsync(IPAddress.Parse("172.31.0.5"), Ct));
        Assert.True(await b.PingsAsync(IPAddress.Parse("172.31.0.4"), Ct));
    }
}

using System.Net;
using Skep.Networking.Agent;
using Skep.Networking.Kinds;

namespace Skep.Networking.Tests.Agent;

public sealed class FirewallRulesetTests
{
    private static readonly VpcLink _link = new(IPNetwork.Parse("169.254.64.0/30"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Renders_as_on_file()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        await world.CreateGroupAsync("sg-000000000000000a1", [new() { ReferencedGroupId = "sg-000000000000000a1" }], [new() { CidrIpv4 = "0.0.0.0/0" }], Ct);
        await world.CreateGroupAsync(
            "sg-000000000000000b2",
            [
                new() { IpProtocol = "tcp", FromPort = 22, ToPort = 22, CidrIpv4 = "10.0.0.0/8" },
                new() { IpProtocol = "udp", FromPort = 1000, ToPort = 2000, ReferencedGroupId = "sg-000000000000000a1" },
                new() { IpProtocol = "tcp", FromPort = 0, ToPort = 65535, CidrIpv4 = "192.168.1.1/32" },
                new() { IpProtocol = "icmp", FromPort = 8, ToPort = -1, CidrIpv4 = "0.0.0.0/0" },
                new() { IpProtocol = "icmp", FromPort = 3, ToPort = 4, CidrIpv4 = "0.0.0.0/0" },
                new() { IpProtocol = "icmp", FromPort = -1, ToPort = -1, CidrIpv4 = "172.16.0.0/12" },
                new() { IpProtocol = "47", CidrIpv4 = "0.0.0.0/0" },
                new() { IpProtocol = "icmpv6", CidrIpv4 = "0.0.0.0/0" },
                new() { IpProtocol = "tcp", FromPort = 80, ToPort = 80, ReferencedGroupId = "sg-000000000000000ff" },
                new() { IpProtocol = "tcp", FromPort = 80, ToPort = 80 },
            ],
            [],
            Ct);
        await world.CreateInterfaceAsync(4, Ct, s => s.Groups = ["sg-000000000000000a1"]);
        await world.CreateInterfaceAsync(5, Ct, s => s.Groups = ["sg-000000000000000b2", "sg-000000000000000a1", "my.group", "sg-000000000000000b2"]);
        await world.CreateInterfaceAsync(6, Ct, s => s.SourceDestCheck = false);
        // Members count wherever they are.
        await world.CreateInterfaceAsync(7, Ct, s => (s.Groups, s.NodeName) = (["sg-000000000000000a1"], "node-2"));

        var plan = new VpcPlanner(TestNetwork.Node, new HostNames("skA3f")).Plan(world.Client.View, TestNetwork.Vpc, out var problems)!;
        Assert.Empty(problems);
        Golden.Matches("vpc.nft", FirewallRuleset.Render(plan, _link));
    }

    [Fact]
    public void The_hosts_table_renders_as_on_file()
    {
        var names = new HostNames("skA3f");
        Golden.Matches("host.nft", HostRuleset.Render(names, [_link, VpcLink.At(5)], ["eth0", "wlan0"], isRouter: false, "forwarding"));
        Golden.Matches("host-router.nft", HostRuleset.Render(names, [_link], [], isRouter: true, "forwarding"));
    }
}

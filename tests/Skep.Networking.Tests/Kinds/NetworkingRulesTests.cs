using Skep.Core.Resources;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Networking.Tests.Kinds;

public sealed class NetworkingRulesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("10.0.0.0/16", null)]
    [InlineData("10.0.0.0/28", null)]
    [InlineData("10.0.0.0/15", "/16")]
    [InlineData("10.0.0.0/29", "/28")]
    [InlineData("10.0.0.1/24", "10.0.0.1/24")]
    [InlineData("10.0.0.0", "10.0.0.0")]
    [InlineData("169.254.0.0/16", "link-local")]
    [InlineData("127.0.0.0/16", "loopback")]
    [InlineData("224.0.0.0/16", "multicast")]
    [InlineData("::/16", "::/16")]
    [InlineData("", "\"\"")]
    public async Task A_vpc_has_a_range_of_machines(string range, string? complaint)
    {
        await using var world = await TestResources.CreateAsync(NetworkingKinds.All, Ct);
        await CheckAsync(complaint, () => world.Client.CreateAsync(NetworkingKinds.Vpc, new Vpc { Metadata = TestNetwork.Meta("v"), Spec = { CidrBlock = range } }, Ct));
    }

    [Theory]
    [InlineData("tcp", 22, 22, "10.0.0.0/8", null, null)]
    [InlineData("tcp", null, null, "10.0.0.0/8", null, null)]
    [InlineData("-1", null, null, null, "sg-1", null)]
    [InlineData("icmp", 8, -1, "0.0.0.0/0", null, null)]
    [InlineData("47", null, null, "0.0.0.0/0", null, null)]
    [InlineData("http", null, null, "0.0.0.0/0", null, "spec.ingress[0].ipProtocol")]
    [InlineData("tcp", 80, 79, "0.0.0.0/0", null, "above toPort")]
    [InlineData("tcp", 0, 65536, "0.0.0.0/0", null, "65536")]
    [InlineData("tcp", -2, 80, "0.0.0.0/0", null, "-2")]
    [InlineData("icmp", 256, 0, "0.0.0.0/0", null, "256")]
    [InlineData("tcp", 1, 1, "10.0.0.1/8", null, "10.0.0.1/8")]
    [InlineData("tcp", 1, 1, "10.0.0.0/8", "sg-1", "exclude each other")]
    [InlineData("tcp", 1, 1, null, "", "required")]
    public async Task A_rule_has_a_protocol_ports_and_one_peer(string protocol, int? from, int? to, string? range, string? group, string? complaint)
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var rule = new SecurityGroupRule { IpProtocol = protocol, FromPort = from, ToPort = to, CidrIpv4 = range, ReferencedGroupId = group };
        await CheckAsync(complaint, () => world.CreateGroupAsync("g", [rule], [], Ct));
    }

    [Theory]
    [InlineData("172.31.0.4", "0a:00:00:00:00:04", null)]
    [InlineData("172.31.0", "0a:00:00:00:00:04", "spec.privateIpAddress")]
    [InlineData("", "0a:00:00:00:00:04", "spec.privateIpAddress")]
    [InlineData("172.31.0.4", "0A:00:00:00:00:04", "spec.macAddress")]
    [InlineData("172.31.0.4", "\"; drop", "spec.macAddress")]
    public async Task An_interface_has_an_address_and_a_mac(string address, string mac, string? complaint)
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        await CheckAsync(complaint, () => world.CreateInterfaceAsync(4, Ct, s => (s.PrivateIpAddress, s.MacAddress) = (address, mac)));
    }

    [Fact]
    public async Task What_an_interface_is_cannot_change()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var key = await world.CreateInterfaceAsync(4, Ct);
        await CheckAsync("cannot be changed", () => world.Client.ModifyAsync(NetworkingKinds.NetworkInterface, key, i => { i.Spec.PrivateIpAddress = "172.31.0.9"; return true; }, Ct));
    }

    [Fact]
    public async Task A_claim_is_named_by_its_address()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var claim = new AddressClaim { Metadata = TestNetwork.Meta("free"), Spec = { SubnetId = "s", Address = "172.31.0.4", NetworkInterfaceId = "eni-1" } };
        await CheckAsync("s.172-31-0-4", () => world.Client.CreateAsync(NetworkingKinds.AddressClaim, claim, Ct));
    }

    private static async Task CheckAsync(string? complaint, Func<Task> write)
    {
        if (complaint is null)
        {
            await write();
            return;
        }

        var ex = await Assert.ThrowsAsync<ResourceException>(write);
        Assert.Equal(ResourceError.Invalid, ex.Reason);
        Assert.Contains(complaint, ex.Message, StringComparison.Ordinal);
    }
}

using System.Net;
using Skep.Networking.Addresses;
using Skep.Testing;

namespace Skep.Networking.Tests.Addresses;

public sealed class AddressTests
{
    [Theory]
    [InlineData("1.2.3.4", true)]
    [InlineData("1.2.3", false)]
    [InlineData("0x1.2.3.4", false)]
    [InlineData("01.2.3.4", false)]
    [InlineData("256.2.3.4", false)]
    [InlineData("::1", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void An_address_is_four_decimal_numbers(string? text, bool isAddress) => Assert.Equal(isAddress, Ipv4.TryParseAddress(text, out _));

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("0.0.0.0/0", true)]
    [InlineData("10.0.0.1/32", true)]
    [InlineData("10.0.0.1/8", false)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("10.0.0.0/08", false)]
    [InlineData("10.0.0.0", false)]
    [InlineData("/8", false)]
    [InlineData("2001:db8::/32", false)]
    public void A_range_has_zero_host_bits(string text, bool isRange) => Assert.Equal(isRange, Ipv4.TryParseNetwork(text, out _));

    [Theory]
    [InlineData("10.0.0.0/8", "10.1.0.0/16", true)]
    [InlineData("10.1.0.0/16", "10.0.0.0/8", true)]
    [InlineData("10.1.0.0/16", "10.2.0.0/16", false)]
    public void Ranges_overlap_when_one_contains_the_other(string a, string b, bool overlap) =>
        Assert.Equal(overlap, Ipv4.Overlap(IPNetwork.Parse(a), IPNetwork.Parse(b)));

    [Fact]
    public void Reserved_addresses_of_a_subnet_are_not_usable()
    {
        var subnet = IPNetwork.Parse("10.0.0.16/28");
        var usable = Enumerable.Range(0, 32).Where(i => SubnetLayout.IsUsable(subnet, IPAddress.Parse($"10.0.0.{i}")));
        Assert.Equal(Enumerable.Range(20, 11), usable);
        Assert.Equal(11, SubnetLayout.Usable(subnet));
        Assert.Equal("10.0.0.17", SubnetLayout.Router(subnet).ToString());
    }

    [Theory]
    [InlineData("0a:1b:2c:3d:4e:5f", true)]
    [InlineData("0A:1b:2c:3d:4e:5f", false)]
    [InlineData("01:1b:2c:3d:4e:5f", false)]
    [InlineData("00:00:00:00:00:00", false)]
    [InlineData("0a-1b-2c-3d-4e-5f", false)]
    [InlineData("0a:1b:2c:3d:4e: f", false)]
    [InlineData("0a:1b:2c:3d:4e", false)]
    [InlineData(null, false)]
    public void A_mac_is_lower_case_with_colons_and_unicast(string? text, bool isMac)
    {
        Assert.Equal(isMac, MacAddress.TryParse(text, out var mac));
        if (isMac)
            Assert.Equal(text, mac.ToString());
    }

    [Fact]
    public void A_new_mac_is_local_and_unicast()
    {
        var ids = TestResources.SeededIds(1);
        for (var i = 0; i < 100; i++)
        {
            var mac = MacAddress.New(ids);
            Assert.StartsWith("0a:", mac.ToString(), StringComparison.Ordinal);
            Assert.True(MacAddress.TryParse(mac.ToString(), out var read));
            Assert.Equal(mac, read);
            var bytes = new byte[6];
            mac.Write(bytes);
            Assert.Equal(mac, MacAddress.Read(bytes));
        }
    }

    [Fact]
    public void Names_stand_for_addresses_both_ways()
    {
        var address = IPAddress.Parse("172.31.0.5");
        Assert.Equal("ip-172-31-0-5", InternalDns.HostNameOf(address));
        Assert.Equal(address, InternalDns.AddressOf("IP-172-31-0-5"));
        Assert.Null(InternalDns.AddressOf("ip-172-31-0"));
        Assert.Null(InternalDns.AddressOf("web"));
        Assert.Equal(address, InternalDns.AddressOfReverse("5.0.31.172.in-addr.arpa"));
        Assert.Null(InternalDns.AddressOfReverse("x.5.0.31.172.in-addr.arpa"));
        Assert.Equal("ec2.internal", InternalDns.DomainOf("us-east-1"));
        Assert.Equal("eu-west-1.compute.internal", InternalDns.DomainOf("eu-west-1"));
    }

    [Theory]
    [InlineData("tcp", 6)]
    [InlineData("-1", -1)]
    [InlineData("all", -1)]
    [InlineData("47", 47)]
    [InlineData("256", null)]
    [InlineData("-2", null)]
    [InlineData("TCP", null)]
    [InlineData("", null)]
    public void Protocols_have_names_and_numbers(string text, int? number) => Assert.Equal(number, IpProtocols.NumberOf(text));
}

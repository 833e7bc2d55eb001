using System.Net;

namespace Skep.Linux.SystemTests;

public sealed class DevicesTests : IAsyncLifetime
{
    private static readonly SystemUser _nobody = new("nobody", 65534, 65534);
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly CommandRunner _runner = new(TimeProvider.System);
    private readonly string _ns = $"skT{Environment.ProcessId}-d";
    private readonly string _veth = $"skT{Environment.ProcessId}v";
    private readonly IpTool _ip;

    public DevicesTests() => _ip = new IpTool(_runner);

    public async ValueTask InitializeAsync()
    {
        Root.Require();
        await NetworkNamespace.EnsureAsync(_runner, _ns, Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _ip.DeleteLinkAsync(null, _veth, CancellationToken.None);
        await NetworkNamespace.DeleteAsync(_runner, _ns, CancellationToken.None);
    }

    [Fact]
    public async Task A_tap_is_made_once_and_belongs_to_its_user()
    {
        Assert.True(await Tap.EnsureAsync(_ip, _ns, "tap0", _nobody, isMultiQueue: false, Ct));
        Assert.False(await Tap.EnsureAsync(_ip, _ns, "tap0", _nobody, isMultiQueue: false, Ct));
        Assert.Equal("tun", (await _ip.ListLinksAsync(_ns, Ct)).Single(l => l.Name == "tap0").Kind);
        var shown = await _runner.CheckAsync(new Command("ip", "-n", _ns, "tuntap", "show"), Ct);
        Assert.Contains("user 65534", shown.Output, StringComparison.Ordinal);
        Assert.True(await _ip.DeleteLinkAsync(_ns, "tap0", Ct));
        Assert.False(await _ip.DeleteLinkAsync(_ns, "tap0", Ct));
    }

    [Fact]
    public async Task A_pair_joins_host_and_namespace_with_addresses_and_routes()
    {
        Assert.True(await Veth.EnsureAsync(_ip, null, _veth, _ns, "up0", Ct));
        Assert.False(await Veth.EnsureAsync(_ip, null, _veth, _ns, "up0", Ct));
        var near = IPAddress.Parse("169.254.200.1");
        await _ip.RunAsync(_ns, [IpCommand.Address(IPAddress.Parse("169.254.200.2"), 30, "up0"), IpCommand.Up("up0")], Ct);
        for (var i = 0; i < 2; i++)
        {
            await _ip.RunAsync(null, [IpCommand.Up(_veth)], Ct);
            await _ip.RunAsync(_ns, [IpCommand.RouteThrough(IPNetwork.Parse("0.0.0.0/0"), near, "up0", IPAddress.Parse("169.254.200.2"))], Ct);
        }

        Assert.Equal(30, (await _ip.ListAddressesAsync(_ns, Ct)).Single(a => a.Device == "up0").PrefixLength);
        Assert.Contains(await _ip.ListRoutesAsync(_ns, Ct), r => r.Destination.PrefixLength == 0 && r.Gateway!.Equals(near));
    }

    [Fact]
    public async Task A_failing_command_is_quoted_in_the_error()
    {
        var ex = await Assert.ThrowsAsync<CommandException>(() => _ip.RunAsync(_ns, [IpCommand.Up("nothere")], Ct));
        Assert.Contains("nothere", ex.Message, StringComparison.Ordinal);
        Assert.Contains(_ns, ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_is_the_namespaces_own()
    {
        var before = Sysctl.Read(null, "net", "ipv4", "ip_forward");
        Sysctl.Write(_ns, before == "0" ? "1" : "0", "net", "ipv4", "ip_forward");
        Assert.Equal(before, Sysctl.Read(null, "net", "ipv4", "ip_forward"));
        Assert.NotEqual(before, Sysctl.Read(_ns, "net", "ipv4", "ip_forward"));
    }

    [Fact]
    public async Task A_ruleset_is_applied_whole_or_not_at_all()
    {
        var nft = new Nftables(_runner);
        await nft.ApplyAsync(_ns, "table inet a {\n chain c {\n accept\n }\n}\n", Ct);
        await nft.ApplyAsync(_ns, "table inet s {\n set names {\n type ifname\n elements = { \"eth0\", \"lo\" }\n }\n}\n", Ct);
        Assert.Equal(["eth0", "lo"], (await nft.ListSetAsync(_ns, "inet s", "names", Ct))!.Order());
        Assert.Null(await nft.ListSetAsync(_ns, "inet s", "others", Ct));
        await nft.DeleteTableAsync(_ns, "inet s", Ct);
        var before = await nft.ListRulesetAsync(_ns, Ct);
        await Assert.ThrowsAsync<CommandException>(() => nft.ApplyAsync(_ns, "flush ruleset\ntable inet b {\n chain c {\n jump missing\n }\n}\n", Ct));
        Assert.Equal(before, await nft.ListRulesetAsync(_ns, Ct));
        Assert.Equal(["inet a"], await nft.ListTablesAsync(_ns, Ct));
        await nft.DeleteTableAsync(_ns, "inet a", Ct);
        await nft.DeleteTableAsync(_ns, "inet a", Ct);
        Assert.Empty(await nft.ListTablesAsync(_ns, Ct));
    }

    [Fact]
    public async Task A_user_that_exists_is_found_and_one_that_does_not_is_not()
    {
        Assert.Equal(0u, (await SystemUser.FindAsync(_runner, "root", Ct))!.UserId);
        Assert.Null(await SystemUser.FindAsync(_runner, "nobody-of-this-name", Ct));
        Assert.Equal("root", (await SystemUser.EnsureAsync(_runner, "root", Ct)).Name);
    }
}

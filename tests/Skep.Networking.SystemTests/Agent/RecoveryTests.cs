using System.Net;
using Skep.Linux;
using Skep.Networking.Agent;
using Skep.Networking.Kinds;

namespace Skep.Networking.SystemTests.Agent;

/// <summary>The daemon was killed somewhere in between: a new one finds whatever is there, and ends in the same place.</summary>
public sealed class RecoveryTests
{
    private const string Default = "sg-00000000000000001";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What a killed daemon may have left: everything up to a step, or all but something.</summary>
    public static TheoryData<string> States => ["nothing", "namespace", "dead namespace", "veth", "no veth", "no firewall", "tap alone", "no tap", "no router addresses", "no host address", "stray tap"];

    [Theory]
    [MemberData(nameof(States))]
    public async Task From_any_state_a_guest_works_and_nothing_is_left_at_the_end(string state)
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        await world.CreateGroupAsync(Default, [], Ct);
        var key = await world.CreateInterfaceAsync(4, [Default], Ct);
        await BringAboutAsync(world, key.Name, state);
        await world.RestartAgentAsync();

        await world.ReconcileAsync(Ct);
        await using (var guest = await Guest.StartAsync(world.Runner, $"guest{world.Prefix}x", world.Interface(key), mac: null, Ct))
        {
            await guest.LeaseAsync(Ct);
            Assert.True(await guest.PingsAsync(FabricWorld.World, Ct));
        }

        await world.Client.DeleteAsync(key, Ct);
        await world.ReconcileAsync(Ct);
        Assert.Equal(before, await world.SnapshotAsync(Ct));
    }

    [Theory]
    [MemberData(nameof(States))]
    public async Task From_any_state_a_purge_leaves_nothing(string state)
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await BringAboutAsync(world, key.Name, state);
        await world.Fabric.DisposeAsync();
        await FabricPurge.RunAsync(world.Runner, world.Prefix, world.HostNamespace, Ct);
        await FabricPurge.RunAsync(world.Runner, world.Prefix, world.HostNamespace, Ct);
        Assert.Equal(before, await world.SnapshotAsync(Ct));
    }

    [Fact]
    public async Task What_no_resource_explains_is_removed_at_the_start()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await world.ReconcileAsync(Ct);
        // The database was restored from before the interface was made.
        await world.Client.DeleteAsync(key, Ct);
        await world.Client.ModifyAsync(NetworkingKinds.NetworkInterface, key, i => { i.Metadata.Finalizers = null; return true; }, Ct);
        await world.RestartAgentAsync();
        await world.ReconcileAsync(Ct);
        Assert.Equal(before, await world.SnapshotAsync(Ct));
    }

    [Fact]
    public async Task A_flushed_firewall_of_the_host_is_restored()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await world.ReconcileAsync(Ct);
        await world.Nft.ApplyAsync(world.HostNamespace, "flush ruleset\n", Ct);
        await world.RestartAgentAsync();
        await world.ReconcileAsync(Ct);
        Assert.Equal([world.Names.HostTable], await world.Nft.ListTablesAsync(world.HostNamespace, Ct));
        await world.Client.DeleteAsync(key, Ct);
        await world.ReconcileAsync(Ct);
        Assert.Empty(await world.Nft.ListTablesAsync(world.HostNamespace, Ct));
    }

    [Fact]
    public async Task Another_daemons_networks_are_left_alone()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        await using var other = await FabricWorld.CreateAsync(Ct);
        await other.CreateInterfaceAsync(4, [], Ct);
        await other.ReconcileAsync(Ct);
        var before = await other.SnapshotAsync(Ct);
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await world.ReconcileAsync(Ct);
        await world.Client.DeleteAsync(key, Ct);
        await world.ReconcileAsync(Ct);
        await FabricPurge.RunAsync(world.Runner, world.Prefix, world.HostNamespace, Ct);
        Assert.Equal(before, await other.SnapshotAsync(Ct));
    }

    [Fact]
    public async Task A_failing_step_takes_the_earlier_ones_back()
    {
        await using var world = await FabricWorld.CreateAsync(Ct);
        var before = await world.SnapshotAsync(Ct);
        // Every range that the pair could have is taken, after the namespace was made.
        var key = await world.CreateInterfaceAsync(4, [], Ct);
        await world.Ip.RunAsync(world.HostNamespace, [.. Enumerable.Range(0, VpcLink.Count).Select(i => new IpCommand("address", "add", $"{VpcLink.At(i).Host}/32", "dev", "lo"))], Ct);
        await Assert.ThrowsAsync<CommandException>(() => world.ReconcileAsync(Ct));
        Assert.Contains("169.254.64.0/18", world.Interface(key).Status!.Message, StringComparison.Ordinal);
        Assert.Equal("pending", world.Interface(key).Status!.State);
        await world.Ip.RunAsync(world.HostNamespace, [new IpCommand("address", "flush", "dev", "lo", "to", "169.254.0.0/16")], Ct);
        Assert.Equal(before, await world.SnapshotAsync(Ct));
    }

    private static async Task BringAboutAsync(FabricWorld world, string id, string state)
    {
        var tap = world.Names.Tap(NetworkingKinds.NetworkInterface.Key("default", id));
        var hostDevice = world.Names.HostDevice(FabricWorld.Vpc);
        switch (state)
        {
            case "nothing":
                return;
            case "namespace":
                await NetworkNamespace.EnsureAsync(world.Runner, world.VpcNamespace, Ct);
                return;
            case "dead namespace":
                await File.WriteAllTextAsync(NetworkNamespace.PathOf(world.VpcNamespace), "", Ct);
                return;
            case "veth":
                await NetworkNamespace.EnsureAsync(world.Runner, world.VpcNamespace, Ct);
                await Veth.EnsureAsync(world.Ip, world.HostNamespace, hostDevice, world.VpcNamespace, HostNames.Uplink, Ct);
                return;
            case "tap alone":
                await NetworkNamespace.EnsureAsync(world.Runner, world.VpcNamespace, Ct);
                await Tap.EnsureAsync(world.Ip, world.VpcNamespace, tap, await SystemUser.EnsureAsync(world.Runner, VpcFabric.MachineUser, Ct), isMultiQueue: false, Ct);
                return;
        }

        await world.ReconcileAsync(Ct);
        await (state switch
        {
            "no veth" => world.Ip.DeleteLinkAsync(world.HostNamespace, hostDevice, Ct),
            "no firewall" => world.Nft.ApplyAsync(world.VpcNamespace, "flush ruleset\n", Ct),
            "no tap" => world.Ip.DeleteLinkAsync(world.VpcNamespace, tap, Ct),
            "no router addresses" => world.Ip.RunAsync(world.VpcNamespace, [new IpCommand("address", "flush", "dev", "lo")], Ct),
            "no host address" => world.Ip.RunAsync(world.HostNamespace, [new IpCommand("address", "flush", "dev", hostDevice)], Ct),
            "stray tap" => Tap.EnsureAsync(world.Ip, world.VpcNamespace, world.Names.TapPrefix + "stray", new SystemUser("root", 0, 0), isMultiQueue: false, Ct),
            _ => throw new InvalidOperationException(state),
        });
    }
}

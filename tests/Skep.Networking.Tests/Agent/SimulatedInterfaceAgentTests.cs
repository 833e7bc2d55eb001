using Skep.Core.Hosting;
using Skep.Networking.Agent;
using Skep.Networking.Kinds;

namespace Skep.Networking.Tests.Agent;

public sealed class SimulatedInterfaceAgentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_interface_is_ready_at_once_and_goes_at_once()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var options = new SkepOptions { DataDirectory = "/nonexistent", NodeName = TestNetwork.Node, HostPrefix = "skA3f", IsSimulated = true };
        var agent = new SimulatedInterfaceAgent(world.Client, new HostNames("skA3f"), options);
        var key = await world.CreateInterfaceAsync(4, Ct);
        await agent.ReconcileAsync(key, Ct);
        var status = world.Client.View.Get(key)!.View(NetworkingKinds.NetworkInterface).Status!;
        Assert.Equal(("in-use", "", "skA3ft000000004"), (status.State, status.NetworkNamespace, status.DeviceName));

        var revision = world.Client.View.Revision;
        await agent.ReconcileAsync(key, Ct);
        Assert.Equal(revision, world.Client.View.Revision);

        await world.Client.DeleteAsync(key, Ct);
        await agent.ReconcileAsync(key, Ct);
        Assert.Null(world.Client.View.Get(key));
    }

    [Fact]
    public async Task Another_nodes_interface_is_left_alone()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var options = new SkepOptions { DataDirectory = "/nonexistent", NodeName = "node-2", HostPrefix = "skA3f", IsSimulated = true };
        var key = await world.CreateInterfaceAsync(4, Ct);
        await new SimulatedInterfaceAgent(world.Client, new HostNames("skA3f"), options).ReconcileAsync(key, Ct);
        Assert.Null(world.Client.View.Get(key)!.View(NetworkingKinds.NetworkInterface).Status);
    }
}

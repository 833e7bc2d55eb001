using Microsoft.Extensions.Logging.Abstractions;
using Skep.Compute.Agent;
using Skep.Compute.Kinds;
using Skep.Compute.Nodes;
using Skep.Compute.Types;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Compute.Tests.Nodes;

public sealed class NodeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_says_what_it_has_and_that_it_is_ready()
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        var facts = new NodeFacts { Cpus = 4, MemoryMib = 2048, AllocatableMemoryMib = 1536, Architecture = "amd64", KernelVersion = "6.1", OsImage = "Debian", Addresses = ["10.0.0.1"] };
        using var registrar = new NodeRegistrar(world.Client, facts, new SimulatedHypervisor(), new SkepOptions { DataDirectory = "/x", NodeName = "n1", HostPrefix = "skTst" }, NullLogger<NodeRegistrar>.Instance);
        await registrar.RegisterAsync(Ct);
        await registrar.RegisterAsync(Ct);
        var node = world.Client.View.Get(CoreKinds.Node, "", "n1")!;
        Assert.Equal(("4", "2147483648", "1610612736"), (node.Status!.Capacity!.Cpu, node.Status.Capacity.Memory, node.Status.Allocatable!.Memory));
        Assert.Equal(("Ready", "True"), (node.Status.Conditions!.Single().Type, node.Status.Conditions!.Single().Status));
        Assert.Equal("simulated", node.Status.NodeInfo!.Acceleration);
    }

    [Fact]
    public void Memory_is_the_machines_or_the_containers_limit()
    {
        const string Meminfo = "MemTotal:        4194304 kB\nMemFree:          100 kB\n";
        Assert.Equal(4096, NodeFacts.ReadMemoryMib(Meminfo, long.MaxValue));
        Assert.Equal(1024, NodeFacts.ReadMemoryMib(Meminfo, 1L << 30));
    }

    [Fact]
    public void This_machine_keeps_some_memory_for_itself()
    {
        var facts = NodeFacts.Read(isSimulated: false);
        Assert.InRange(facts.AllocatableMemoryMib, 0, facts.MemoryMib - 512);
    }

    [Fact]
    public async Task Built_in_types_are_made_once_and_changes_to_them_stay()
    {
        await using var world = await TestResources.CreateAsync(ComputeKinds.All, Ct);
        var seeder = new InstanceTypeSeeder(world.Client);
        await seeder.StartAsync(Ct);
        await world.Client.ModifyAsync(ComputeKinds.InstanceType, ComputeKinds.InstanceType.Key("", "t3.nano"), t => { t.Spec.MemoryMib = 600; return true; }, Ct);
        await seeder.StartAsync(Ct);
        Assert.Equal(600, world.Client.View.Get(ComputeKinds.InstanceType, "", "t3.nano")!.Spec.MemoryMib);
        var large = world.Client.View.Get(ComputeKinds.InstanceType, "", "m5.4xlarge")!.Spec;
        Assert.Equal((16, 65536L, false), (large.VCpus, large.MemoryMib, large.Burstable));
    }
}

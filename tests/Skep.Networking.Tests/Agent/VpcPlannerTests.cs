using System.Net;
using Skep.Core.Resources;
using Skep.Networking.Agent;
using Skep.Networking.Kinds;

namespace Skep.Networking.Tests.Agent;

public sealed class VpcPlannerTests
{
    private static readonly VpcPlanner _planner = new(TestNetwork.Node, new HostNames("skA3f"));

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_vpc_without_devices_here_needs_nothing()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        await world.CreateInterfaceAsync(4, Ct, s => s.NodeName = "node-2");
        await world.CreateInterfaceAsync(5, Ct, s => s.NodeName = null);
        await world.CreateInterfaceAsync(6, Ct, s => s.Attachment = null);
        var deleted = await world.CreateInterfaceAsync(7, Ct);
        await world.Client.DeleteAsync(deleted, Ct);
        Assert.Null(_planner.Plan(world.Client.View, TestNetwork.Vpc, out var problems));
        Assert.Empty(problems);
    }

    [Fact]
    public async Task Names_come_from_ids_and_addresses_from_ranges()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.16.0/20", Ct);
        await world.CreateInterfaceAsync(4, Ct, s => s.PrivateIpAddress = "172.31.16.4");
        var plan = _planner.Plan(world.Client.View, TestNetwork.Vpc, out _)!;
        Assert.Equal("skA3f-000000001", plan.Namespace);
        Assert.Equal("skA3fv000000001", plan.HostDevice);
        Assert.Equal("ec2.internal", plan.Domain);
        var planned = Assert.Single(plan.Interfaces);
        Assert.Equal("skA3ft000000004", planned.Device);
        Assert.Equal(IPNetwork.Parse("172.31.16.0/20"), planned.Subnet);
        Assert.Equal([IPAddress.Parse("172.31.16.4")], plan.Addresses);
    }

    [Fact]
    public async Task Of_two_with_one_address_the_older_has_it()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var older = await world.CreateInterfaceAsync(9, Ct, s => s.PrivateIpAddress = "172.31.0.4");
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        var newer = await world.CreateInterfaceAsync(4, Ct);
        var plan = _planner.Plan(world.Client.View, TestNetwork.Vpc, out var problems)!;
        Assert.Equal(older, Assert.Single(plan.Interfaces).Key);
        Assert.Contains(older.Name, problems[newer], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_planned_is_explained()
    {
        await using var world = await TestNetwork.CreateAsync("172.31.0.0/20", Ct);
        var outside = await world.CreateInterfaceAsync(4, Ct, s => s.PrivateIpAddress = "172.31.99.4");
        var homeless = await world.CreateInterfaceAsync(5, Ct, s => s.SubnetId = "subnet-none");
        Assert.Null(_planner.Plan(world.Client.View, TestNetwork.Vpc, out var problems));
        Assert.Contains("172.31.99.4", problems[outside], StringComparison.Ordinal);
        Assert.Contains("subnet-none", problems[homeless], StringComparison.Ordinal);
        var lost = await world.CreateInterfaceAsync(6, Ct, s => s.VpcId = "vpc-none");
        Assert.Null(_planner.Plan(world.Client.View, NetworkingKinds.Vpc.Key("default", "vpc-none"), out problems));
        Assert.Contains("vpc-none", problems[lost], StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_are_no_ids_give_names_that_fit_and_differ()
    {
        var names = new HostNames("skA3f");
        var a = names.Tap(new ResourceKey(NetworkingKinds.NetworkInterface.GroupResource, "default", "web"));
        var b = names.Tap(new ResourceKey(NetworkingKinds.NetworkInterface.GroupResource, "other", "web"));
        Assert.Equal(15, a.Length);
        Assert.NotEqual(a, b);
        Assert.StartsWith("skA3ft", a, StringComparison.Ordinal);
        Assert.Equal("skA3fv12", names.HostDeviceOf("skA3f-12"));
        Assert.Throws<ArgumentException>(() => new HostNames("muchtoolong"));
    }

    [Fact]
    public void A_link_is_free_and_mostly_the_same_again()
    {
        var first = VpcLink.Pick(7, [])!.Value;
        Assert.Equal("169.254.64.28/30", first.Range.ToString());
        Assert.Equal(first, VpcLink.Of(first.Host, 30));
        var second = VpcLink.Pick(7, [IPNetwork.Parse("169.254.64.29/32"), IPNetwork.Parse("0.0.0.0/0"), IPNetwork.Parse("169.254.0.0/16")])!.Value;
        Assert.Equal("169.254.64.32/30", second.Range.ToString());
        Assert.Null(VpcLink.Pick(7, [VpcLink.Pool]));
        Assert.Null(VpcLink.Of(IPAddress.Parse("10.0.0.1"), 30));
    }
}

using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Networking.Addresses;
using Skep.Networking.Controllers;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Networking.Tests.Controllers;

public sealed class RegionDefaultsTests
{
    private static readonly SkepOptions _options = new() { DataDirectory = "/nonexistent", NodeName = "node-1", HostPrefix = "skA3f" };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_region_gets_what_AWS_gives_it()
    {
        await using var world = await TestResources.CreateAsync(NetworkingKinds.All, Ct);
        var vpc = await new RegionDefaults(world.Client, _options).EnsureAsync("default", "us-east-1", Ct);
        var view = world.Client.View;
        Assert.Equal("172.31.0.0/16", view.Get(vpc)!.View(NetworkingKinds.Vpc).Spec.CidrBlock);
        Assert.Matches("^vpc-0[0-9a-f]{16}$", vpc.Name);
        Assert.Equal(
            [("172.31.0.0/20", "us-east-1a"), ("172.31.16.0/20", "us-east-1b"), ("172.31.32.0/20", "us-east-1c")],
            view.List(NetworkingKinds.Subnet, "default").Select(s => (s.Spec.CidrBlock, s.Spec.AvailabilityZone)).Order());
        var group = view.List(NetworkingKinds.SecurityGroup, "default").Single();
        Assert.Equal("default", group.Spec.GroupName);
        Assert.Equal(group.Metadata.Name, group.Spec.Ingress.Single().ReferencedGroupId);
        Assert.Equal("0.0.0.0/0", group.Spec.Egress.Single().CidrIpv4);
        foreach (var resource in NetworkingKinds.All.SelectMany(k => view.List(k.GroupResource, "default", null)))
            Assert.Equal("us-east-1", resource.Metadata.Labels![InternalDns.RegionLabel]);
        Assert.Equal("us-east-1b", RegionDefaults.FindSubnet(view, view.Get(vpc)!, "us-east-1b")!.View(NetworkingKinds.Subnet).Spec.AvailabilityZone);
        Assert.Equal("us-east-1a", RegionDefaults.FindSubnet(view, view.Get(vpc)!, null)!.View(NetworkingKinds.Subnet).Spec.AvailabilityZone);
    }

    [Fact]
    public async Task Many_callers_at_once_make_one_network_a_region()
    {
        await using var world = await TestResources.CreateAsync(NetworkingKinds.All, Ct);
        var defaults = new RegionDefaults(world.Client, _options);
        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => defaults.EnsureAsync("default", i % 2 == 0 ? "us-east-1" : "eu-west-1", Ct), Ct)));
        Assert.Equal(2, made.Distinct().Count());
        Assert.Equal(2, world.Client.View.Count(NetworkingKinds.Vpc.GroupResource));
        Assert.Equal(6, world.Client.View.Count(NetworkingKinds.Subnet.GroupResource));
        var revision = world.Client.View.Revision;
        await defaults.EnsureAsync("default", "us-east-1", Ct);
        Assert.Equal(revision, world.Client.View.Revision);
    }

    [Theory]
    [InlineData("10.0.0.0/28", "10.0.0.0/28")]
    [InlineData("10.0.0.0/24", "10.0.0.0/26 10.0.0.64/26 10.0.0.128/26")]
    public async Task A_small_range_is_shared_out_or_refused(string range, string subnets)
    {
        await using var world = await TestResources.CreateAsync(NetworkingKinds.All, Ct);
        var defaults = new RegionDefaults(world.Client, _options with { VpcCidr = range });
        if (!subnets.Contains(' '))
        {
            var ex = await Assert.ThrowsAsync<ResourceException>(() => defaults.EnsureAsync("default", "us-east-1", Ct));
            Assert.Contains(range, ex.Message, StringComparison.Ordinal);
            return;
        }

        await defaults.EnsureAsync("default", "us-east-1", Ct);
        Assert.Equal(subnets.Split(' ').Order(), world.Client.View.List(NetworkingKinds.Subnet, "default").Select(s => s.Spec.CidrBlock).Order());
    }

    [Fact]
    public async Task A_range_that_is_none_and_a_missing_project_are_named()
    {
        await using var world = await TestResources.CreateAsync(NetworkingKinds.All, Ct);
        var ex = await Assert.ThrowsAsync<ResourceException>(() => new RegionDefaults(world.Client, _options with { VpcCidr = "many" }).EnsureAsync("default", "us-east-1", Ct));
        Assert.Contains("many", ex.Message, StringComparison.Ordinal);
        ex = await Assert.ThrowsAsync<ResourceException>(() => new RegionDefaults(world.Client, _options).EnsureAsync("nobody", "us-east-1", Ct));
        Assert.Equal(ResourceError.NotFound, ex.Reason);
    }
}

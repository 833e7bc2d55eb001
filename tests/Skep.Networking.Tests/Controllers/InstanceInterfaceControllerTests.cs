using System.Text;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Networking.Controllers;
using Skep.Networking.Kinds;
using Skep.Testing;

namespace Skep.Networking.Tests.Controllers;

public sealed class InstanceInterfaceControllerTests
{
    private static readonly SkepOptions _options = new() { DataDirectory = "/nonexistent", NodeName = "node-1", HostPrefix = "skA3f" };
    private static readonly ResourceKey _key = TestInstance.InstanceKind.Key("default", "web");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_instance_without_interfaces_gets_one_once()
    {
        await using var world = await CreateAsync("""{"imageId":"ami-1","availabilityZone":"us-east-1b","odd":{"x":1}}""");
        var controller = NewController(world);
        await controller.ReconcileAsync(_key, Ct);
        await controller.ReconcileAsync(_key, Ct);
        var made = world.Client.View.List(NetworkingKinds.NetworkInterface, "default").Single();
        Assert.Equal("172.31.16.4", made.Spec.PrivateIpAddress);
        Assert.Equal("web", made.Spec.Attachment!.InstanceId);
        Assert.True(made.Spec.Attachment.DeleteOnTermination);
        Assert.Equal([NetworkInterface.Finalizer], made.Metadata.Finalizers);
        Assert.Equal("default", world.Client.View.Get(NetworkingKinds.SecurityGroup, "default", made.Spec.Groups.Single())!.Spec.GroupName);
        Assert.Single(world.Client.View.List(NetworkingKinds.AddressClaim, "default"));
        var json = Json(world);
        Assert.Contains($$""""networkInterfaces":[{"networkInterfaceId":"{{made.Metadata.Name}}","deviceIndex":0,"deleteOnTermination":true}]"""", json, StringComparison.Ordinal);
        Assert.Contains("\"odd\":{\"x\":1}", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_instance_without_a_zone_gets_the_first()
    {
        await using var world = await CreateAsync("{}");
        await NewController(world).ReconcileAsync(_key, Ct);
        Assert.Contains("\"availabilityZone\":\"us-east-1a\"", Json(world), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_interface_follows_the_instance_to_its_node()
    {
        await using var world = await CreateAsync("{}");
        var controller = NewController(world);
        await controller.ReconcileAsync(_key, Ct);
        Assert.Null(world.Client.View.List(NetworkingKinds.NetworkInterface, "default").Single().Spec.NodeName);
        var transaction = world.Client.Begin();
        transaction.Update(TestInstance.InstanceKind, Encoding.UTF8.GetBytes(Json(world).Replace("\"availabilityZone\"", "\"nodeName\":\"node-7\",\"availabilityZone\"")), Core.Store.WriteScope.Main);
        await transaction.CommitAsync(Ct);
        await controller.ReconcileAsync(_key, Ct);
        Assert.Equal("node-7", world.Client.View.List(NetworkingKinds.NetworkInterface, "default").Single().Spec.NodeName);
    }

    [Theory]
    [InlineData("""{"runState":"Terminated"}""")]
    [InlineData("""{"networkInterfaces":[{"networkInterfaceId":"eni-1"}]}""")]
    public async Task Others_are_left_alone(string spec)
    {
        await using var world = await CreateAsync(spec);
        var revision = world.Client.View.Revision;
        await NewController(world).ReconcileAsync(_key, Ct);
        Assert.Equal(revision, world.Client.View.Revision);
    }

    [Fact]
    public async Task An_unknown_zone_is_named()
    {
        await using var world = await CreateAsync("""{"availabilityZone":"us-east-1x"}""");
        var ex = await Assert.ThrowsAsync<ResourceException>(() => NewController(world).ReconcileAsync(_key, Ct));
        Assert.Contains("us-east-1x", ex.Message, StringComparison.Ordinal);
    }

    private static string Json(TestResources world) => Encoding.UTF8.GetString(world.Client.View.Get(_key)!.Json.Span);

    private static InstanceInterfaceController NewController(TestResources world) =>
        new(world.Client, new RegionDefaults(world.Client, _options), _options);

    private static async Task<TestResources> CreateAsync(string spec)
    {
        var world = await TestResources.CreateAsync([.. NetworkingKinds.All, TestInstance.InstanceKind], Ct);
        var transaction = world.Client.Begin();
        transaction.Create(TestInstance.InstanceKind, Encoding.UTF8.GetBytes($$"""{"metadata":{"name":"web","namespace":"default"},"spec":{{spec}}}"""));
        await transaction.CommitAsync(Ct);
        return world;
    }
}

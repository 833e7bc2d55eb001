using System.Text;
using System.Text.Json.Nodes;
using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Storage.Tests.Volumes;

public sealed class RootVolumeControllerTests
{
    private static readonly ResourceKey _key = new(StorageWorld.Instances, "default", "web");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_instance_without_disks_gets_a_root_from_the_image_it_names()
    {
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteImageAsync("ami-1", "debian-12", 9L << 30);
        await WriteAsync(world, """{"imageId":"debian-12","nodeName":"node","availabilityZone":"us-east-1a","more":1}""");
        await world.Roots.ReconcileAsync(_key, Ct);
        var volume = Assert.Single(world.Client.View.List(StorageKinds.Volume, "default"));
        Assert.Equal(("ami-1", 9, "node", "us-east-1a"), (volume.Spec.ImageId, volume.Spec.SizeGib, volume.Spec.NodeName, volume.Spec.AvailabilityZone));
        Assert.Equal(("web", "/dev/xvda", true), (volume.Spec.Attachment!.InstanceId, volume.Spec.Attachment.Device, volume.Spec.Attachment.DeleteOnTermination));
        Assert.Contains(Volume.Finalizer, volume.Metadata.Finalizers!);
        var spec = Read(world)["spec"]!;
        Assert.Equal(volume.Metadata.Name, (string?)spec["blockDevices"]![0]!["volumeId"]);
        Assert.Equal(("ami-1", 1), ((string?)spec["imageId"], (int?)spec["more"]));
    }

    [Fact]
    public async Task Running_twice_makes_one_root()
    {
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteImageAsync("ami-1", "debian-12", 1 << 30);
        await WriteAsync(world, """{"imageId":"ami-1","nodeName":"node"}""");
        await world.Roots.ReconcileAsync(_key, Ct);
        await world.Roots.ReconcileAsync(_key, Ct);
        Assert.Equal(8, Assert.Single(world.Client.View.List(StorageKinds.Volume, "default")).Spec.SizeGib);
    }

    [Theory]
    [InlineData("""{"imageId":"ami-1"}""")]
    [InlineData("""{"imageId":"ami-1","nodeName":"node","runState":"Terminated"}""")]
    [InlineData("""{"imageId":"ami-1","nodeName":"node","blockDevices":[{"volumeId":"vol-1"}]}""")]
    public async Task An_instance_without_a_node_or_in_no_need_gets_none(string spec)
    {
        await using var world = await StorageWorld.CreateAsync();
        await world.WriteImageAsync("ami-1", "debian-12", 1 << 30);
        await WriteAsync(world, spec);
        await world.Roots.ReconcileAsync(_key, Ct);
        Assert.Empty(world.Client.View.List(StorageKinds.Volume, "default"));
    }

    [Fact]
    public async Task An_image_that_does_not_exist_is_said_in_the_instance_and_looked_for_again()
    {
        await using var world = await StorageWorld.CreateAsync();
        await WriteAsync(world, """{"imageId":"debian-99","nodeName":"node"}""");
        await world.Roots.ReconcileAsync(_key, Ct);
        Assert.Contains("\"debian-99\" does not exist", (string?)Read(world)["status"]!["stateReason"]!["message"], StringComparison.Ordinal);
        await world.WriteImageAsync("ami-1", "debian-99", 1 << 30);
        var image = world.Client.View.Get(new ResourceKey(StorageWorld.Images, "default", "ami-1"))!;
        Assert.Equal([_key], world.Roots.Concerned(image, world.Client.View));
    }

    private static Task WriteAsync(StorageWorld world, string spec) =>
        world.WriteAsync(StorageWorld.Instances, "{\"metadata\":{\"name\":\"web\",\"namespace\":\"default\"},\"spec\":" + spec + "}");

    private static JsonNode Read(StorageWorld world) => JsonNode.Parse(Encoding.UTF8.GetString(world.Client.View.Get(_key)!.Json.Span))!;
}

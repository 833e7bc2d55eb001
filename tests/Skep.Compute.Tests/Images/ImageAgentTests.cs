using System.Text;
using Skep.Compute.Images;
using Skep.Compute.Kinds;
using Skep.Core.Resources;

namespace Skep.Compute.Tests.Images;

public sealed class ImageAgentTests
{
    private static readonly GroupResource _volumes = new("storage.skep.dev", "volumes");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_file_of_a_deleted_image_stays_until_the_last_volume_on_it_goes()
    {
        await using var world = await ImageWorld.CreateAsync();
        var key = await MakeImageAsync(world, "ami-1");
        var volume = await MakeVolumeAsync(world, "ami-1");
        await world.Resources.Client.DeleteAsync(key, Ct);
        await world.Images.ReconcileAsync(key, Ct);
        Assert.Equal("deregistered", world.Image("ami-1").Status!.State);
        Assert.True(File.Exists(world.Store.PathOf("ami-1.qcow2")));

        var resource = world.Resources.Client.View.Get(volume)!;
        await world.Resources.Client.DeleteAsync(volume, Ct);
        Assert.Equal([key], world.Images.Concerned(resource, world.Resources.Client.View));
        await world.Images.ReconcileAsync(key, Ct);
        Assert.Null(world.Resources.Client.View.Get(key));
        Assert.False(File.Exists(world.Store.PathOf("ami-1.qcow2")));
    }

    [Fact]
    public async Task Files_that_no_image_explains_go_at_the_start()
    {
        await using var world = await ImageWorld.CreateAsync();
        var key = await MakeImageAsync(world, "ami-1");
        await File.WriteAllTextAsync(world.Store.PathOf("ami-2.qcow2"), "left by a crash", Ct);
        await File.WriteAllTextAsync(world.Store.PathOf("mine.iso"), "somebody's own", Ct);
        await world.Images.ReconcileAsync(key, Ct);
        Assert.Equal(["ami-1.qcow2", "mine.iso"], world.Store.ListFiles().Order());
    }

    [Fact]
    public async Task A_name_means_the_newest_available_image_of_it()
    {
        await using var world = await ImageWorld.CreateAsync();
        await MakeImageAsync(world, "ami-2");
        world.Resources.Clock.Advance(TimeSpan.FromMinutes(1));
        await MakeImageAsync(world, "ami-1");
        Assert.Equal("ami-1", ImageFinder.Find(world.Resources.Client.View, "default", "debian-12")!.Metadata.Name);
        Assert.Equal("ami-2", ImageFinder.Find(world.Resources.Client.View, "default", "ami-2")!.Metadata.Name);
        Assert.Null(ImageFinder.Find(world.Resources.Client.View, "default", "debian-1"));
    }

    [Fact]
    public async Task In_simulation_there_is_an_image_from_the_start_and_only_one()
    {
        await using var world = await ImageWorld.CreateAsync(isSimulated: true);
        await new SimulatedImages(world.Resources.Client, world.Options).StartAsync(Ct);
        await new SimulatedImages(world.Resources.Client, world.Options).StartAsync(Ct);
        var image = Assert.Single(world.Resources.Client.View.List(ComputeKinds.Image, "default"));
        Assert.True(image.Spec.IsSimulated);
        Assert.Equal("debian-12", image.Spec.Name);
    }

    private static async Task<ResourceKey> MakeImageAsync(ImageWorld world, string id)
    {
        Directory.CreateDirectory(world.Store.Folder);
        await File.WriteAllTextAsync(world.Store.PathOf($"{id}.qcow2"), "disk", Ct);
        await world.Resources.Client.CreateAsync(ComputeKinds.Image, new Image
        {
            Metadata = { Name = id, Namespace = "default", Finalizers = [Image.Finalizer] },
            Spec = new ImageSpec { Name = "debian-12", FileName = $"{id}.qcow2" },
            Status = new ImageStatus { State = "available" },
        }, Ct);
        return ComputeKinds.Image.Key("default", id);
    }

    private static async Task<ResourceKey> MakeVolumeAsync(ImageWorld world, string imageId)
    {
        var transaction = world.Resources.Client.Begin();
        var key = transaction.Create(
            world.Resources.Client.Kinds[_volumes],
            Encoding.UTF8.GetBytes("{\"metadata\":{\"name\":\"vol-1\",\"namespace\":\"default\"},\"spec\":{\"imageId\":\"" + imageId + "\"}}"));
        await transaction.CommitAsync(Ct);
        return key;
    }
}

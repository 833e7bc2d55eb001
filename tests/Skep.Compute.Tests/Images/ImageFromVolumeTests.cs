using System.Text;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Linux;
using Skep.Linux.DiskImages;

namespace Skep.Compute.Tests.Images;

/// <summary>What CreateImage stands on.</summary>
public sealed class ImageFromVolumeTests
{
    private static readonly GroupResource _volumes = new("storage.skep.dev", "volumes");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stopped_instances_disk_becomes_an_image_that_stands_alone()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed");
        await using var world = await ImageWorld.CreateAsync();
        await MakeVolumeAsync(world, InstanceState.Stopped);
        var done = await world.ImportAsync(new() { Volume = "vol-1" }, "golden");
        Assert.Equal((ImageImportPhase.Succeeded, "golden is available as " + done.Status!.ImageId), (done.Status.Phase, done.Status.Message));
        var image = world.Image(done.Status.ImageId!);
        Assert.Equal(("debian", "uefi", 2L << 20), (image.Spec.DefaultUser, image.Spec.BootMode, image.Spec.SizeBytes));
        var info = await new QemuImg(new CommandRunner(TimeProvider.System)).InfoAsync(world.Store.PathOf(image.Spec.FileName!), DiskImageFormat.Qcow2, Ct);
        Assert.Null(info.BackingFile);
    }

    [Theory]
    [InlineData(InstanceState.Running)]
    [InlineData(InstanceState.Stopping)]
    [InlineData(InstanceState.Pending)]
    public async Task A_disk_in_use_is_refused(string state)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed");
        await using var world = await ImageWorld.CreateAsync();
        await MakeVolumeAsync(world, state);
        var done = await world.ImportAsync(new() { Volume = "vol-1" }, "golden");
        Assert.Equal(ImageImportPhase.Failed, done.Status!.Phase);
        Assert.Contains($"attached to i-1, which is {state}: stop the instance first", done.Status.Message!, StringComparison.Ordinal);
    }

    private static async Task MakeVolumeAsync(ImageWorld world, string instanceState)
    {
        var qemuImg = new QemuImg(new CommandRunner(TimeProvider.System));
        var folder = Directory.CreateDirectory(world.Options.PathOf("volumes")).FullName;
        await qemuImg.CreateAsync(Path.Combine(folder, "base.qcow2"), DiskImageFormat.Qcow2, 1 << 20, Ct);
        var path = Path.Combine(folder, "vol-1.qcow2");
        await qemuImg.CreateOverlayAsync(path, "base.qcow2", DiskImageFormat.Qcow2, 2 << 20, Ct);
        var transaction = world.Resources.Client.Begin();
        transaction.Create(ComputeKinds.Image, new Image
        {
            Metadata = { Name = "ami-1", Namespace = "default" },
            Spec = new ImageSpec { Name = "debian-12", BootMode = "uefi", DefaultUser = "debian" },
            Status = new ImageStatus { State = "available" },
        });
        transaction.Create(ComputeKinds.Instance, new Instance
        {
            Metadata = { Name = "i-1", Namespace = "default" },
            Spec = new InstanceSpec { ImageId = "ami-1", InstanceType = "t3.micro" },
            Status = new InstanceStatus { State = instanceState },
        });
        transaction.Create(
            world.Resources.Client.Kinds[_volumes],
            Encoding.UTF8.GetBytes(
                "{\"metadata\":{\"name\":\"vol-1\",\"namespace\":\"default\"},\"spec\":{\"imageId\":\"ami-1\",\"attachment\":{\"instanceId\":\"i-1\"}},"
                + "\"status\":{\"path\":\"" + path + "\",\"format\":\"qcow2\"}}"));
        await transaction.CommitAsync(Ct);
    }
}

using Skep.Linux;
using Skep.Linux.DiskImages;
using Skep.Storage.Kinds;
using Skep.Storage.Volumes;

namespace Skep.Storage.Tests.Volumes;

public sealed class VolumeGrowthTests
{
    private const string Name = "vol-1";
    private const long GiB = 1L << 30;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_volume_that_no_machine_has_is_grown_here()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var made = await world.MakeAsync(Name, v => v.SizeGib = 1);
        Assert.Equal((1, 3_000), (made.Status!.SizeGib, made.Status.Limits!.Iops));
        await ModifyAsync(world, v => v.SizeGib = 3);
        var volume = await SettleAsync(world);
        Assert.Equal((3, "completed", 100), (volume.Status!.SizeGib, volume.Status.Modification!.State, volume.Status.Modification.Progress));
        Assert.NotNull(volume.Status.Modification.EndTime);
        Assert.Equal(3 * GiB, await SizeAsync(volume));
    }

    [Fact]
    public async Task A_growth_that_was_cut_short_goes_on()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var made = await world.MakeAsync(Name, v => v.SizeGib = 1);
        await ModifyAsync(world, v => v.SizeGib = 3);

        // The file was grown, and the daemon died before it could say so.
        await world.Files.GrowAsync(made.Status!.Path!, "qcow2", 3, passphrase: null, Ct);
        var volume = await SettleAsync(world);
        Assert.Equal((3, "completed"), (volume.Status!.SizeGib, volume.Status.Modification!.State));
        Assert.Equal(3 * GiB, await SizeAsync(volume));
    }

    [Fact]
    public async Task A_volume_that_a_machine_has_is_left_to_the_machine()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        await world.MakeAsync(Name, v => (v.SizeGib, v.Attachment) = (1, new VolumeAttachment { InstanceId = "i-1", Device = "/dev/sdf" }));
        await world.WriteInstanceAsync("i-1", "running");
        await ModifyAsync(world, v => (v.SizeGib, v.Iops) = (8, 4_000));
        var volume = await SettleAsync(world);
        Assert.Equal((1, "modifying", 4_000), (volume.Status!.SizeGib, volume.Status.Modification!.State, (int)volume.Status.Limits!.Iops));
        Assert.Equal(1 * GiB, await SizeAsync(volume));

        await WriteDeviceAsync(world, """{"volumeId":"vol-1","sizeGib":8,"limits":{"iops":3000,"bytesPerSecond":131072000,"operationBytes":262144}}""");
        Assert.Equal((8, "optimizing"), await StateAsync(world));
        await WriteDeviceAsync(world, """{"volumeId":"vol-1","sizeGib":8,"limits":{"iops":4000,"bytesPerSecond":131072000,"operationBytes":262144}}""");
        Assert.Equal((8, "completed"), await StateAsync(world));
    }

    [Fact]
    public async Task A_file_that_cannot_be_grown_says_so_and_is_tried_again()
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var made = await world.MakeAsync(Name, v => v.SizeGib = 1);
        await ModifyAsync(world, v => v.SizeGib = 3);
        var bytes = await File.ReadAllBytesAsync(made.Status!.Path!, Ct);
        await File.WriteAllTextAsync(made.Status.Path!, "this is no disk", Ct);
        Assert.NotNull(await world.Agent.ReconcileAsync(StorageWorld.Key(Name), Ct));
        var volume = world.Volume(Name)!;
        Assert.Equal(("modifying", "available"), (volume.Status!.Modification!.State, volume.Status.State));
        Assert.Contains("qemu-img", volume.Status.Modification.Message, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(made.Status.Path!, bytes, Ct);
        Assert.Equal((3, "completed"), await StateAsync(world));
        Assert.Null(world.Volume(Name)!.Status!.Modification!.Message);
    }

    [Fact]
    public async Task A_simulated_volume_grows_at_once()
    {
        await using var world = await StorageWorld.CreateAsync(isSimulated: true);
        await world.MakeAsync(Name, v => v.SizeGib = 1);
        await ModifyAsync(world, v => v.SizeGib = 3);
        Assert.Equal((3, "completed"), await StateAsync(world));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    [InlineData(16_384)]
    public async Task Disks_of_every_size_can_be_made_and_take_little_room(long sizeGib)
    {
        StorageWorld.RequireQemuImg();
        await using var world = await StorageWorld.CreateAsync();
        var volume = await world.MakeAsync(Name, v => v.SizeGib = sizeGib);
        var info = await new QemuImg(new CommandRunner(TimeProvider.System)).InfoAsync(volume.Status!.Path!, DiskImageFormat.Qcow2, Ct);
        Assert.Equal(sizeGib * GiB, info.VirtualSizeBytes);
        Assert.InRange(info.ActualSizeBytes, 1, 128L << 20);
    }

    private static async Task<(long?, string)> StateAsync(StorageWorld world)
    {
        var volume = await SettleAsync(world);
        return (volume.Status!.SizeGib, volume.Status.Modification!.State);
    }

    private static async Task<Volume> SettleAsync(StorageWorld world)
    {
        await world.NewAgent().ReconcileAsync(StorageWorld.Key(Name), Ct);
        return world.Volume(Name)!;
    }

    /// <summary>What ModifyVolume writes.</summary>
    private static Task ModifyAsync(StorageWorld world, Action<VolumeSpec> change) => world.Client.ModifyAsync(
        StorageKinds.Volume,
        StorageWorld.Key(Name),
        v =>
        {
            var original = VolumeShape.Of(v.Spec);
            change(v.Spec);
            v.Status!.Modification = new VolumeModification { StartTime = world.Client.Time.GetUtcNow(), Original = original, Target = VolumeShape.Of(v.Spec) };
            return true;
        },
        Ct);

    private static Task WriteDeviceAsync(StorageWorld world, string device) => world.WriteAsync(
        StorageWorld.Instances,
        $$"""{"metadata":{"name":"i-1","namespace":"default"},"spec":{"blockDevices":[{"volumeId":"vol-1"}]},"status":{"state":"running","blockDevices":[{{device}}]} }""");

    private static async Task<long> SizeAsync(Volume volume) =>
        (await new QemuImg(new CommandRunner(TimeProvider.System)).InfoAsync(volume.Status!.Path!, DiskImageFormat.Qcow2, Ct)).VirtualSizeBytes;
}

using Skep.Compute.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class LaunchVolumesTests
{
    private const string SnapshotId = "snap-0123456789abcdef0";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_launch_makes_the_disks_that_it_describes()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AddSnapshotAsync(world);
        var id = (await world.RunAsync(
            Ct, 1,
            [.. Mapping(1, "/dev/xvda", ("Ebs.VolumeSize", "20"), ("Ebs.VolumeType", "io1"), ("Ebs.Iops", "600")),
            .. Mapping(2, "/dev/sdf", ("Ebs.SnapshotId", SnapshotId), ("Ebs.DeleteOnTermination", "true")),
            .. Mapping(3, "/dev/sdg", ("Ebs.VolumeSize", "5"), ("Ebs.Throughput", "200")),
            .. Mapping(4, "/dev/sdh", ("VirtualName", "ephemeral0")),
            .. Mapping(5, "/dev/sdi", ("NoDevice", ""))]))[0];
        var volumes = Volumes(world, id);
        Assert.Equal(
            [("/dev/xvda", 20, "io1", 600, null, true), ("/dev/sdf", 4, "gp3", 3_000, 125, true), ("/dev/sdg", 5, "gp3", 3_000, 200, false)],
            volumes.Select(v => (v.Spec.Attachment!.Device, (int)v.Spec.SizeGib, v.Spec.VolumeType, v.Spec.Iops!.Value, v.Spec.Throughput, v.Spec.Attachment.DeleteOnTermination)));
        Assert.Equal([(AwsWorld.ImageId, null), (null, SnapshotId), (null, null)], volumes.Select(v => (v.Spec.ImageId, v.Spec.SnapshotId)));
    }

    [Theory]
    [InlineData("InvalidBlockDeviceMapping", "/dev/xvda", "NoDevice", "")]
    [InlineData("InvalidBlockDeviceMapping", "/dev/xvda", "Ebs.SnapshotId", SnapshotId)]
    [InlineData("InvalidBlockDeviceMapping", "/dev/xvda", "Ebs.VolumeSize", "1")]
    [InlineData("InvalidBlockDeviceMapping", "/dev/sdf", "Ebs.SnapshotId", SnapshotId, "Ebs.VolumeSize", "3")]
    [InlineData("InvalidSnapshot.NotFound", "/dev/sdf", "Ebs.SnapshotId", "snap-0123456789abcdef1")]
    [InlineData("InvalidBlockDeviceMapping", "/dev/tty", "Ebs.VolumeSize", "5")]
    [InlineData("InvalidParameterValue", "/dev/sdf", "Ebs.VolumeSize", "5", "Ebs.Iops", "9000")]
    [InlineData("MissingParameter", "/dev/sdf", "Ebs.VolumeType", "gp3")]
    public async Task Refuses_disks_that_cannot_be(string error, string device, params string[] parameters)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AddSnapshotAsync(world);
        (string, string)[] mapping = [("BlockDeviceMapping.1.DeviceName", device), .. parameters.Chunk(2).Select(p => ($"BlockDeviceMapping.1.{p[0]}", p[1]))];
        Assert.Equal(error, await world.Ec2ErrorAsync("RunInstances", Ct, [("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), .. mapping]));
    }

    [Fact]
    public async Task Two_names_of_one_device_are_refused()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        Assert.Equal("InvalidBlockDeviceMapping", await world.Ec2ErrorAsync("RunInstances", Ct, [
            ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "5"),
            ("BlockDeviceMapping.2.DeviceName", "/dev/xvdf"), ("BlockDeviceMapping.2.Ebs.VolumeSize", "5"),
        ]));
    }

    [Fact]
    public async Task An_image_of_a_snapshot_brings_its_disks_to_every_instance()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await AddSnapshotAsync(world);
        var image = (await world.Ec2Async("RegisterImage", Ct, [
            ("Name", "from-a-snapshot"), ("RootDeviceName", "/dev/sda1"), ("Architecture", "x86_64"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/sda1"), ("BlockDeviceMapping.1.Ebs.SnapshotId", SnapshotId), ("BlockDeviceMapping.1.Ebs.VolumeSize", "8"),
            ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.2.Ebs.VolumeSize", "30"), ("BlockDeviceMapping.2.Ebs.VolumeType", "gp2"), ("BlockDeviceMapping.2.Ebs.DeleteOnTermination", "true"),
            ("BlockDeviceMapping.3.DeviceName", "/dev/sdg"), ("BlockDeviceMapping.3.Ebs.VolumeSize", "40"),
        ])).Element("imageId")!.Value;
        var shown = (await world.Ec2Async("DescribeImages", Ct, ("ImageId.1", image))).Descendants("imagesSet").Single().Element("item")!;
        Assert.Equal("available", shown.Element("imageState")!.Value);
        Assert.Equal(["/dev/sda1", "/dev/sdf", "/dev/sdg"], shown.Descendants("deviceName").Select(d => d.Value));
        Assert.Equal(SnapshotId, shown.Descendants("snapshotId").Single().Value);

        var id = (await world.RunAsync(Ct, 1, ("ImageId", image), ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "50"), ("BlockDeviceMapping.2.DeviceName", "/dev/sdg"), ("BlockDeviceMapping.2.NoDevice", "")))[0];
        Assert.Equal(
            [("/dev/sda1", 8, "gp3", SnapshotId, true), ("/dev/sdf", 50, "gp2", null, true)],
            Volumes(world, id).Select(v => (v.Spec.Attachment!.Device, (int)v.Spec.SizeGib, v.Spec.VolumeType, v.Spec.SnapshotId, v.Spec.Attachment.DeleteOnTermination)));
        Assert.Null(Volumes(world, id)[0].Spec.ImageId);
    }

    private static List<Volume> Volumes(AwsWorld world, string instance) =>
        [.. world.Client.View.Get(ComputeKinds.Instance, "default", instance)!.Spec.BlockDevices.Select(d => world.Client.View.Get(StorageKinds.Volume, "default", d.VolumeId)!)];

    private static (string, string)[] Mapping(int index, string device, params (string Name, string Value)[] members) =>
        [($"BlockDeviceMapping.{index}.DeviceName", device), .. members.Select(m => ($"BlockDeviceMapping.{index}.{m.Name}", m.Value))];

    private static Task AddSnapshotAsync(AwsWorld world) => world.Client.CreateAsync(
        StorageKinds.Snapshot,
        new Snapshot
        {
            Metadata = { Name = SnapshotId, Namespace = "default" },
            Spec = { VolumeId = "vol-0123456789abcdef0", VolumeSizeGib = 4, OwnerAccount = AwsWorld.AccountId },
            Status = new SnapshotStatus { State = SnapshotState.Completed, Progress = 100 },
        },
        Ct);
}

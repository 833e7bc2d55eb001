using Skep.Compute.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class VolumeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_volume_has_the_defaults_of_its_type()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var made = await world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("Size", "100"), ("TagSpecification.1.ResourceType", "volume"), ("TagSpecification.1.Tag.1.Key", "Name"), ("TagSpecification.1.Tag.1.Value", "data"));
        Assert.Equal(("gp2", "300", "creating", "data"), (made.Element("volumeType")!.Value, made.Element("iops")!.Value, made.Element("status")!.Value, made.Descendants("value").Single().Value));
        var gp3 = await world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("Size", "1"), ("VolumeType", "gp3"));
        Assert.Equal(("3000", "125"), (gp3.Element("iops")!.Value, gp3.Element("throughput")!.Value));
        var st1 = await world.Ec2Async("CreateVolume", Ct, ("AvailabilityZoneId", "use1-az1"), ("Size", "125"), ("VolumeType", "st1"));
        Assert.Equal((null, null, "us-east-1a"), (st1.Element("iops")?.Value, st1.Element("throughput")?.Value, st1.Element("availabilityZone")!.Value));
        var stored = world.Client.View.Get(StorageKinds.Volume, "default", made.Element("volumeId")!.Value)!;
        Assert.Equal([Volume.Finalizer], stored.Metadata.Finalizers);
    }

    [Theory]
    [InlineData("InvalidParameterValue", "gp2", "Size", "16385")]
    [InlineData("InvalidParameterValue", "io1", "Size", "3", "Iops", "100")]
    [InlineData("InvalidParameterValue", "st1", "Size", "124")]
    [InlineData("InvalidParameterValue", "standard", "Size", "1025")]
    [InlineData("InvalidParameterCombination", "gp2", "Size", "10", "Iops", "300")]
    [InlineData("InvalidParameterCombination", "io2", "Size", "10", "Iops", "300", "Throughput", "200")]
    [InlineData("InvalidParameterValue", "gp3", "Size", "10", "Iops", "2999")]
    [InlineData("InvalidParameterValue", "gp3", "Size", "10", "Iops", "5001")]
    [InlineData("InvalidParameterValue", "gp3", "Size", "1000", "Iops", "16001")]
    [InlineData("InvalidParameterValue", "gp3", "Size", "1000", "Throughput", "1001", "Iops", "16000")]
    [InlineData("InvalidParameterValue", "gp3", "Size", "1000", "Throughput", "751")]
    [InlineData("InvalidParameterValue", "io1", "Size", "10", "Iops", "501")]
    [InlineData("MissingParameter", "io1", "Size", "10")]
    [InlineData("MissingParameter", "gp3")]
    [InlineData("InvalidParameterValue", "gp9", "Size", "10")]
    [InlineData("InvalidSnapshot.NotFound", "gp3", "SnapshotId", "snap-0123456789abcdef0")]
    [InlineData("UnsupportedOperation", "io2", "Size", "10", "Iops", "100", "MultiAttachEnabled", "true")]
    public async Task Refuses_what_EBS_refuses(string error, string type, params string[] parameters)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var pairs = parameters.Chunk(2).Select(p => (p[0], p[1]));
        Assert.Equal(error, await world.Ec2ErrorAsync("CreateVolume", Ct, [("AvailabilityZone", "us-east-1a"), ("VolumeType", type), .. pairs]));
        Assert.Empty(world.Client.View.List(StorageKinds.Volume, ns: null));
    }

    [Fact]
    public async Task A_tag_chooses_the_pool()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        (string, string)[] tagged =
        [
            ("AvailabilityZone", "us-east-1a"), ("Size", "1"), ("TagSpecification.1.ResourceType", "volume"),
            ("TagSpecification.1.Tag.1.Key", "skep.dev/pool"), ("TagSpecification.1.Tag.1.Value", "fast"),
        ];
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("CreateVolume", Ct, tagged));
        await world.Client.CreateAsync(StorageKinds.StoragePool, new StoragePool { Metadata = { Name = "fast" } }, Ct);
        var made = await world.Ec2Async("CreateVolume", Ct, tagged);
        Assert.Equal("fast", world.Client.View.Get(StorageKinds.Volume, "default", made.Element("volumeId")!.Value)!.Spec.PoolName);
    }

    [Fact]
    public async Task The_zone_must_exist()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        Assert.Equal("InvalidZone.NotFound", await world.Ec2ErrorAsync("CreateVolume", Ct, ("AvailabilityZone", "us-east-1q"), ("Size", "1")));
        Assert.Equal("MissingParameter", await world.Ec2ErrorAsync("CreateVolume", Ct, ("Size", "1")));
    }

    [Fact]
    public async Task A_client_token_makes_one_volume()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var first = await MakeAsync(world, ("ClientToken", "once"));
        Assert.Equal(first, await MakeAsync(world, ("ClientToken", "once")));
        Assert.Single(world.Client.View.List(StorageKinds.Volume, ns: null));
    }

    [Fact]
    public async Task Attaches_to_a_running_instance_and_detaches()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, volume) = await MakeBothAsync(world);
        var attached = await world.Ec2Async("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdf"));
        Assert.Equal(("attaching", "/dev/sdf", "false"), (attached.Element("status")!.Value, attached.Element("device")!.Value, attached.Element("deleteOnTermination")!.Value));
        Assert.Equal(("in-use", "attaching"), await StateAsync(world, volume));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal(("in-use", "attached"), await StateAsync(world, volume));
        var shown = (await world.Ec2Async("DescribeInstances", Ct)).Descendants("blockDeviceMapping").Single().Elements("item").Select(d => (d.Element("deviceName")!.Value, d.Descendants("status").Single().Value));
        Assert.Equal([("/dev/xvda", "attached"), ("/dev/sdf", "attached")], shown);
        Assert.Equal("VolumeInUse", await world.Ec2ErrorAsync("DeleteVolume", Ct, ("VolumeId", volume)));
        Assert.Equal("VolumeInUse", await world.Ec2ErrorAsync("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdg")));

        var detached = await world.Ec2Async("DetachVolume", Ct, ("VolumeId", volume));
        Assert.Equal("detaching", detached.Element("status")!.Value);
        Assert.Equal(("in-use", "detaching"), await StateAsync(world, volume));
        Assert.Equal(VolumeDetach.Requested, world.Client.View.Get(StorageKinds.Volume, "default", volume)!.Spec.Attachment!.Detach);
        await world.Ec2Async("DetachVolume", Ct, ("VolumeId", volume), ("Force", "true"));
        Assert.Equal(VolumeDetach.Forced, world.Client.View.Get(StorageKinds.Volume, "default", volume)!.Spec.Attachment!.Detach);
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal(("available", null), await StateAsync(world, volume));
        Assert.Equal("IncorrectState", await world.Ec2ErrorAsync("DetachVolume", Ct, ("VolumeId", volume)));
        await world.Ec2Async("DeleteVolume", Ct, ("VolumeId", volume));
        Assert.Equal(("deleting", null), await StateAsync(world, volume));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal("InvalidVolume.NotFound", await world.Ec2ErrorAsync("DeleteVolume", Ct, ("VolumeId", volume)));
    }

    [Fact]
    public async Task A_stopped_instance_takes_and_gives_back_at_once()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, volume) = await MakeBothAsync(world);
        await world.Ec2Async("StopInstances", Ct, ("InstanceId.1", instance));
        Assert.Equal("IncorrectState", await world.Ec2ErrorAsync("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdf")));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await world.Ec2Async("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdf"));
        Assert.Equal(("in-use", "attached"), await StateAsync(world, volume));
        await world.Ec2Async("DetachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "xvdf"));
        Assert.Equal(("available", null), await StateAsync(world, volume));
        Assert.Single(world.Client.View.Get(ComputeKinds.Instance, "default", instance)!.Spec.BlockDevices);
    }

    [Fact]
    public async Task Refuses_attachments_that_cannot_be()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, volume) = await MakeBothAsync(world);
        Task<string> ErrorAsync(string v, string i, string device) => world.Ec2ErrorAsync("AttachVolume", Ct, ("VolumeId", v), ("InstanceId", i), ("Device", device));
        Assert.Equal("InvalidVolume.NotFound", await ErrorAsync("vol-0123456789abcdef0", instance, "/dev/sdf"));
        Assert.Equal("InvalidInstanceID.NotFound", await ErrorAsync(volume, "i-0123456789abcdef0", "/dev/sdf"));
        Assert.Equal("InvalidParameterValue", await ErrorAsync(volume, instance, "/dev/xvda"));
        Assert.Equal("InvalidParameterValue", await ErrorAsync(volume, instance, "/dev/sda"));
        Assert.Equal("InvalidParameterValue", await ErrorAsync(volume, instance, "/dev/null"));
        Assert.Equal("IncorrectState", await ErrorAsync(await MakeAsync(world), instance, "/dev/sdf"));
        var elsewhere = await MakeAsync(world);
        await world.Client.ModifyAsync(StorageKinds.Volume, StorageKinds.Volume.Key("default", elsewhere), v => { v.Spec.AvailabilityZone = "us-east-1b"; v.Status!.State = "available"; return true; }, Ct);
        Assert.Equal("InvalidVolume.ZoneMismatch", await ErrorAsync(elsewhere, instance, "/dev/sdf"));
        await world.Ec2Async("TerminateInstances", Ct, ("InstanceId.1", instance));
        Assert.Equal("IncorrectState", await ErrorAsync(volume, instance, "/dev/sdf"));
    }

    [Fact]
    public async Task Refuses_detachments_of_what_is_not_attached_so()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, volume) = await MakeBothAsync(world);
        await world.Ec2Async("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdf"));
        var other = (await world.RunAsync(Ct))[0];
        Assert.Equal("InvalidAttachment.NotFound", await world.Ec2ErrorAsync("DetachVolume", Ct, ("VolumeId", volume), ("InstanceId", other)));
        Assert.Equal("InvalidAttachment.NotFound", await world.Ec2ErrorAsync("DetachVolume", Ct, ("VolumeId", volume), ("Device", "/dev/sdg")));
        Assert.Equal("InvalidInstanceID.NotFound", await world.Ec2ErrorAsync("DetachVolume", Ct, ("VolumeId", volume), ("InstanceId", "i-0123456789abcdef0")));
        var root = world.Client.View.Get(ComputeKinds.Instance, "default", instance)!.Spec.BlockDevices[0].VolumeId;
        Assert.Equal("OperationNotPermitted", await world.Ec2ErrorAsync("DetachVolume", Ct, ("VolumeId", root)));
    }

    [Fact]
    public async Task An_instance_without_its_root_does_not_start()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, volume) = await MakeBothAsync(world);
        await world.Ec2Async("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdf"));
        await world.Ec2Async("StopInstances", Ct, ("InstanceId.1", instance));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var root = world.Client.View.Get(ComputeKinds.Instance, "default", instance)!.Spec.BlockDevices[0].VolumeId;
        await world.Ec2Async("DetachVolume", Ct, ("VolumeId", root));
        Assert.Equal("IncorrectState", await world.Ec2ErrorAsync("StartInstances", Ct, ("InstanceId.1", instance)));
        await world.Ec2Async("AttachVolume", Ct, ("VolumeId", root), ("InstanceId", instance), ("Device", "/dev/xvda"));
        await world.Ec2Async("StartInstances", Ct, ("InstanceId.1", instance));
    }

    [Fact]
    public async Task An_instance_takes_28_attachments()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, volume) = await MakeBothAsync(world);
        await world.Client.ModifyAsync(
            ComputeKinds.Instance,
            ComputeKinds.Instance.Key("default", instance),
            i => { i.Spec.BlockDevices.AddRange(Enumerable.Range(0, 26).Select(n => new InstanceBlockDevice { DeviceName = $"/dev/xvdb{(char)('a' + n)}", VolumeId = $"vol-{n}" })); return true; },
            Ct);
        Assert.Equal("AttachmentLimitExceeded", await world.Ec2ErrorAsync("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", instance), ("Device", "/dev/sdf")));
    }

    internal static async Task<string> MakeAsync(AwsWorld world, params (string, string)[] more) =>
        (await world.Ec2Async("CreateVolume", Ct, [("AvailabilityZone", "us-east-1a"), ("Size", "10"), ("VolumeType", "gp3"), .. more])).Element("volumeId")!.Value;

    internal static async Task<(string Instance, string Volume)> MakeBothAsync(AwsWorld world)
    {
        var instance = (await world.RunAsync(Ct))[0];
        var volume = await MakeAsync(world);
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        return (instance, volume);
    }

    private static async Task<(string State, string? Attachment)> StateAsync(AwsWorld world, string volume)
    {
        var shown = (await world.Ec2Async("DescribeVolumes", Ct, ("VolumeId.1", volume))).Element("volumeSet")!.Element("item")!;
        return (shown.Element("status")!.Value, shown.Element("attachmentSet")!.Element("item")?.Element("status")!.Value);
    }
}

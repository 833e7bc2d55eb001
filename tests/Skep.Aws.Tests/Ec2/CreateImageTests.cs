using Skep.Aws.Ec2.Images;
using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class CreateImageTests : IAsyncLifetime
{
    private static readonly (string, string)[] _withoutData = [("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.NoDevice", "")];

    private AwsWorld _world = null!;
    private string _instance = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await AwsWorld.StartAsync(Ct);
        await _world.StopReconcilersAsync(Ct);
        _instance = (await _world.RunAsync(Ct)).Single();
        await SettleAsync();
        var volume = (await _world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("Size", "5"), ("VolumeType", "gp3"))).Element("volumeId")!.Value;
        await SettleAsync();
        await _world.Ec2Async("AttachVolume", Ct, ("VolumeId", volume), ("InstanceId", _instance), ("Device", "/dev/sdf"));
        await SettleAsync();
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task A_running_instance_is_imaged_without_a_reboot()
    {
        var image = await CreateAsync(("NoReboot", "true"), ("TagSpecification.1.ResourceType", "snapshot"), ("TagSpecification.1.Tag.1.Key", "k"), ("TagSpecification.1.Tag.1.Value", "v"));
        Assert.Equal("pending", Image(image).Status!.State);
        var snapshots = Snapshots();
        Assert.Equal(2, snapshots.Count);
        Assert.All(snapshots, s => Assert.Equal($"Created by CreateImage({_instance}) for {image}", s.Spec.Description));
        Assert.All(snapshots, s => Assert.Equal("v", s.Spec.Tags!["k"]));
        Assert.All(snapshots, s => Assert.Equal([snapshots.Single(o => o != s).Metadata.Name], s.Spec.TakenWith!));
        await ControlAsync(image);
        Assert.Equal("pending", Image(image).Status!.State);
        await SettleAsync();
        await ControlAsync(image);
        await ControlAsync(image);
        Assert.Equal("available", Image(image).Status!.State);
        Assert.Equal(InstanceRunState.Running, Instance().Spec.RunState);
        Assert.Null(Capture(image));
        var shown = await _world.Ec2Async("DescribeImages", Ct, ("ImageId.1", image));
        var devices = shown.Descendants("blockDeviceMapping").Single().Elements("item")
            .Select(d => (d.Element("deviceName")!.Value, d.Descendants("volumeSize").Single().Value, d.Descendants("deleteOnTermination").Single().Value));
        Assert.Equal([("/dev/sdf", "5", "false"), ("/dev/xvda", "2", "true")], devices.Order());
        Assert.Equal(snapshots.Select(s => s.Metadata.Name).Order(StringComparer.Ordinal), shown.Descendants("snapshotId").Select(s => s.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_running_instance_is_stopped_for_the_moment_and_started_again()
    {
        var image = await CreateAsync();
        Assert.Empty(Snapshots());
        await ControlAsync(image);
        Assert.Equal(InstanceRunState.Stopped, Instance().Spec.RunState);
        await ControlAsync(image);
        Assert.Empty(Snapshots());
        await SettleAsync(); // the machine stops
        await ControlAsync(image);
        Assert.Equal(2, Snapshots().Count);
        Assert.Equal(InstanceRunState.Stopped, Instance().Spec.RunState);
        await SettleAsync(); // the snapshots complete
        await ControlAsync(image);
        Assert.Equal(InstanceRunState.Running, Instance().Spec.RunState);
        await ControlAsync(image);
        Assert.Equal("available", Image(image).Status!.State);
        Assert.Null(Capture(image));
    }

    [Fact]
    public async Task A_machine_that_somebody_starts_meanwhile_is_left_alone()
    {
        var image = await CreateAsync();
        await ControlAsync(image);
        await _world.Client.ModifyAsync(ComputeKinds.Instance, ComputeKinds.Instance.Key("default", _instance), i => { i.Spec.RunState = InstanceRunState.Running; return true; }, Ct);
        await ControlAsync(image);
        Assert.Equal("failed", Image(image).Status!.State);
        Assert.Contains("was started again before it was captured", Image(image).Status!.StateReason!.Message, StringComparison.Ordinal);
        Assert.Empty(Snapshots());
    }

    [Fact]
    public async Task Deregistering_in_the_middle_starts_the_machine_again()
    {
        var image = await CreateAsync();
        await ControlAsync(image);
        await SettleAsync();
        await ControlAsync(image);
        await _world.Ec2Async("DeregisterImage", Ct, ("ImageId", image));
        await ControlAsync(image);
        Assert.Equal(InstanceRunState.Running, Instance().Spec.RunState);
        Assert.Null(Capture(image));
        Assert.Equal(2, Snapshots().Count);
    }

    [Fact]
    public async Task A_failed_snapshot_fails_the_image()
    {
        var image = await CreateAsync(("NoReboot", "true"), _withoutData[0], _withoutData[1]);
        var snapshot = Snapshots()[0].Metadata.Name;
        await _world.Client.ModifyAsync(StorageKinds.Snapshot, StorageKinds.Snapshot.Key("default", snapshot), s => { s.Status = new SnapshotStatus { State = SnapshotState.Error, Message = "the disk broke" }; return true; }, Ct);
        await SettleAsync();
        await ControlAsync(image);
        await ControlAsync(image);
        Assert.Equal("failed", Image(image).Status!.State);
        Assert.Equal($"snapshot {snapshot} failed: the disk broke", Image(image).Status!.StateReason!.Message);
    }

    [Fact]
    public async Task Devices_are_left_out_changed_and_added()
    {
        var image = await CreateAsync(
            ("NoReboot", "true"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.NoDevice", ""),
            ("BlockDeviceMapping.2.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.2.Ebs.VolumeSize", "20"),
            ("BlockDeviceMapping.3.DeviceName", "/dev/sdg"), ("BlockDeviceMapping.3.Ebs.VolumeSize", "3"));
        var devices = Image(image).Spec.BlockDevices!;
        Assert.Equal([("/dev/xvda", 20L, true), ("/dev/sdg", 3L, false)], devices.Select(d => (d.DeviceName, d.SizeGib!.Value, d.SnapshotId is not null)));
        Assert.Single(Snapshots());
        Assert.Equal("InvalidBlockDeviceMapping", await ErrorAsync(("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.NoDevice", "")));
        Assert.Equal("InvalidBlockDeviceMapping", await ErrorAsync(("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "1")));
    }

    [Fact]
    public async Task An_instance_starts_from_the_image()
    {
        await _world.Ec2Async("StopInstances", Ct, ("InstanceId.1", _instance));
        await SettleAsync();
        var image = await CreateAsync();
        Assert.All(Snapshots(), s => Assert.Single(s.Spec.TakenWith!));
        await SettleAsync();
        await ControlAsync(image);
        await ControlAsync(image);
        var answer = await _world.Ec2Async("RunInstances", Ct, ("ImageId", image), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1"));
        var volumes = _world.Client.View.List(StorageKinds.Volume, ns: null).Where(v => v.Spec.Attachment?.InstanceId == answer.Descendants("instanceId").Single().Value).ToList();
        Assert.Equal([("/dev/sdf", 5L, true), ("/dev/xvda", 2L, true)], volumes.Select(v => (v.Spec.Attachment!.Device, v.Spec.SizeGib, v.Spec.SnapshotId is not null)).Order());
        Assert.Equal("InvalidSnapshot.InUse", await _world.Ec2ErrorAsync("DeleteSnapshot", Ct, ("SnapshotId", Image(image).Spec.SnapshotId!)));
    }

    [Fact]
    public async Task Only_running_and_stopped_instances_are_imaged()
    {
        await _world.Ec2Async("TerminateInstances", Ct, ("InstanceId.1", _instance));
        Assert.Equal("IncorrectInstanceState", await ErrorAsync());
        Assert.Equal("InvalidInstanceID.NotFound", await _world.Ec2ErrorAsync("CreateImage", Ct, ("InstanceId", "i-0123456789abcdef0"), ("Name", "x-1")));
    }

    private async Task<string> CreateAsync(params (string, string)[] more) =>
        (await _world.Ec2Async("CreateImage", Ct, [("InstanceId", _instance), ("Name", "web-1"), .. more])).Element("imageId")!.Value;

    private Task<string> ErrorAsync(params (string, string)[] more) => _world.Ec2ErrorAsync("CreateImage", Ct, [("InstanceId", _instance), ("Name", "web-2"), .. more]);

    private Task SettleAsync() => SimulatedAgent.SettleAsync(_world.Client, Ct);

    private Task ControlAsync(string image) => new ImageCaptureController(_world.Client).ReconcileAsync(AwsKinds.ImageCapture.Key("default", image), Ct);

    private Image Image(string id) => _world.Client.View.Get(ComputeKinds.Image, "default", id)!;

    private Instance Instance() => _world.Client.View.Get(ComputeKinds.Instance, "default", _instance)!;

    private ImageCapture? Capture(string id) => _world.Client.View.Get(AwsKinds.ImageCapture, "default", id);

    private List<Snapshot> Snapshots() => [.. _world.Client.View.List(StorageKinds.Snapshot, ns: null)];
}

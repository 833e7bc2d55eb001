using Skep.Aws.Ec2.RootVolumes;
using Skep.Aws.Kinds;
using Skep.Compute.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class ReplaceRootVolumeTests : IAsyncLifetime
{
    private AwsWorld _world = null!;
    private string _instance = "";
    private string _oldRoot = "";
    private string _data = "";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await AwsWorld.StartAsync(Ct);
        await _world.StopReconcilersAsync(Ct);
        _instance = (await _world.RunAsync(Ct)).Single();
        await SettleAsync();
        _data = (await _world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("Size", "5"))).Element("volumeId")!.Value;
        await SettleAsync();
        await _world.Ec2Async("AttachVolume", Ct, ("VolumeId", _data), ("InstanceId", _instance), ("Device", "/dev/sdf"));
        await SettleAsync();
        _oldRoot = Root();
    }

    public async ValueTask DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task The_root_of_the_launch_takes_the_place_of_the_old_one()
    {
        var before = Instance();
        var made = (await _world.Ec2Async("CreateReplaceRootVolumeTask", Ct, ("InstanceId", _instance),
            ("TagSpecification.1.ResourceType", "replace-root-volume-task"), ("TagSpecification.1.Tag.1.Key", "k"), ("TagSpecification.1.Tag.1.Value", "v"))).Element("replaceRootVolumeTask")!;
        var id = made.Element("replaceRootVolumeTaskId")!.Value;
        Assert.StartsWith("replacevol-", id, StringComparison.Ordinal);
        Assert.Equal((_instance, "pending", "false", "v"), (made.Element("instanceId")!.Value, made.Element("taskState")!.Value, made.Element("deleteReplacedRootVolume")!.Value, made.Descendants("value").Single().Value));
        var fresh = Volume(Replacement(id).Spec.NewVolumeId)!;
        Assert.Equal((AwsWorld.ImageId, Volume(_oldRoot)!.Spec.SizeGib, Volume(_oldRoot)!.Spec.VolumeType), (fresh.Spec.ImageId, fresh.Spec.SizeGib, fresh.Spec.VolumeType));
        await ControlAsync(id);
        Assert.Equal(("pending", InstanceRunState.Running), (Replacement(id).Status!.State, Instance().Spec.RunState)); // the volume is not there yet
        await SettleAsync();
        await ControlAsync(id);
        Assert.Equal(("in-progress", InstanceRunState.Stopped, _oldRoot), (await StateAsync(id), Instance().Spec.RunState, Root()));
        await ControlAsync(id); // the machine has not stopped yet
        Assert.Equal(_oldRoot, Root());
        await SettleAsync();
        await ControlAsync(id);
        Assert.Equal((fresh.Metadata.Name, InstanceRunState.Running, "in-progress"), (Root(), Instance().Spec.RunState, await StateAsync(id)));
        await SettleAsync();
        await ControlAsync(id);
        await ControlAsync(id); // nothing more happens

        var shown = (await _world.Ec2Async("DescribeReplaceRootVolumeTasks", Ct, ("Filter.1.Name", "instance-id"), ("Filter.1.Value.1", _instance))).Element("replaceRootVolumeTaskSet")!.Elements("item").Single();
        Assert.Equal("succeeded", shown.Element("taskState")!.Value);
        Assert.NotEmpty(shown.Element("completeTime")!.Value);
        var after = Instance();
        Assert.Equal(before.Spec.NetworkInterfaces.Select(n => n.NetworkInterfaceId), after.Spec.NetworkInterfaces.Select(n => n.NetworkInterfaceId));
        Assert.Equal([fresh.Metadata.Name, _data], after.Spec.BlockDevices.Select(d => d.VolumeId));
        var (old, root) = (Volume(_oldRoot)!, Volume(fresh.Metadata.Name)!);
        Assert.Equal((null, "available"), (old.Spec.Attachment, old.Status!.State));
        Assert.Equal((_instance, after.Spec.RootDeviceName, true), (root.Spec.Attachment!.InstanceId, root.Spec.Attachment.Device, root.Spec.Attachment.DeleteOnTermination));
    }

    [Fact]
    public async Task The_old_volume_goes_if_that_was_asked_for()
    {
        var id = await CreateAsync(("DeleteReplacedRootVolume", "true"));
        await RunToTheEndAsync(id);
        Assert.Equal("succeeded", await StateAsync(id));
        Assert.Null(Volume(_oldRoot));
        Assert.NotNull(Volume(_data));
    }

    [Fact]
    public async Task A_snapshot_or_an_image_says_what_the_new_root_has()
    {
        var snapshot = (await _world.Ec2Async("CreateSnapshot", Ct, ("VolumeId", _data))).Element("snapshotId")!.Value;
        Assert.Equal("IncorrectState", await ErrorAsync(("SnapshotId", snapshot)));
        await SettleAsync();
        var id = await CreateAsync(("SnapshotId", snapshot));
        var fresh = Volume(Replacement(id).Spec.NewVolumeId)!;
        Assert.Equal((snapshot, null, 5L), (fresh.Spec.SnapshotId, fresh.Spec.ImageId, fresh.Spec.SizeGib)); // the larger of the two
        Assert.Equal("IncorrectState", await ErrorAsync()); // one at a time
        await RunToTheEndAsync(id);
        Assert.Equal(("succeeded", fresh.Metadata.Name), (await StateAsync(id), Root()));

        id = await CreateAsync(("ImageId", AwsWorld.ImageId));
        await RunToTheEndAsync(id);
        var shown = await _world.Ec2Async("DescribeReplaceRootVolumeTasks", Ct, ("ReplaceRootVolumeTaskId.1", id));
        Assert.Equal(("succeeded", AwsWorld.ImageId), (shown.Descendants("taskState").Single().Value, shown.Descendants("imageId").Single().Value));
        Assert.Equal(AwsWorld.ImageId, Volume(Root())!.Spec.ImageId);
    }

    [Fact]
    public async Task A_volume_that_cannot_be_made_leaves_the_machine_running()
    {
        var id = await CreateAsync();
        var fresh = Replacement(id).Spec.NewVolumeId;
        await _world.Client.ModifyAsync(StorageKinds.Volume, StorageKinds.Volume.Key("default", fresh), v => { v.Status = new VolumeStatus { State = VolumeState.Error, Message = "no room" }; return true; }, Ct);
        await ControlAsync(id);
        Assert.Equal(("failed", _oldRoot, InstanceRunState.Running), (await StateAsync(id), Root(), Instance().Spec.RunState));
        Assert.Contains("no room", Replacement(id).Status!.Message, StringComparison.Ordinal);
        await SettleAsync();
        Assert.Null(Volume(fresh));
    }

    [Fact]
    public async Task A_machine_that_does_not_start_gets_its_old_root_back()
    {
        var id = await CreateAsync();
        await UntilStartingAsync(id);
        await _world.Client.ModifyAsync(ComputeKinds.Instance, ComputeKinds.Instance.Key("default", _instance), i =>
        {
            i.Spec.RunState = InstanceRunState.Stopped;
            i.Status!.State = InstanceState.Stopped;
            i.Status.StateReason = new StateReason { Code = "Server.InternalError", Message = "it burns" };
            return true;
        }, Ct);
        await ControlAsync(id);
        Assert.Equal(("failing", _oldRoot, InstanceRunState.Running), (await StateAsync(id), Root(), Instance().Spec.RunState));
        await SettleAsync();
        await ControlAsync(id);
        Assert.Equal("failed", await StateAsync(id));
        Assert.Contains("it burns", Replacement(id).Status!.Message, StringComparison.Ordinal);
        await SettleAsync();
        Assert.Null(Volume(Replacement(id).Spec.NewVolumeId));
        Assert.Equal(_instance, Volume(_oldRoot)!.Spec.Attachment!.InstanceId);
    }

    [Fact]
    public async Task Without_the_old_volume_there_is_no_way_back()
    {
        var id = await CreateAsync();
        await UntilStartingAsync(id);
        await _world.Ec2Async("DeleteVolume", Ct, ("VolumeId", _oldRoot));
        await _world.Client.ModifyAsync(ComputeKinds.Instance, ComputeKinds.Instance.Key("default", _instance), i =>
        {
            (i.Spec.RunState, i.Status!.State, i.Status.StateReason) = (InstanceRunState.Stopped, InstanceState.Stopped, new StateReason { Code = "Server.InternalError", Message = "it burns" });
            return true;
        }, Ct);
        await ControlAsync(id);
        Assert.Equal("failed-detached", await StateAsync(id));
    }

    [Fact]
    public async Task A_machine_that_is_started_or_terminated_in_the_middle_is_left_alone()
    {
        var id = await CreateAsync();
        await SettleAsync();
        await ControlAsync(id);
        await SettleAsync();
        await _world.Ec2Async("StartInstances", Ct, ("InstanceId.1", _instance));
        await ControlAsync(id);
        Assert.Equal(("failed", _oldRoot), (await StateAsync(id), Root()));

        await SettleAsync();
        id = await CreateAsync();
        await SettleAsync();
        await ControlAsync(id);
        await _world.Ec2Async("TerminateInstances", Ct, ("InstanceId.1", _instance));
        await ControlAsync(id);
        Assert.Equal("failed", await StateAsync(id));
        Assert.Equal(InstanceRunState.Terminated, Instance().Spec.RunState);
    }

    [Fact]
    public async Task Refuses_what_cannot_be_replaced()
    {
        Assert.Equal("InvalidInstanceID.NotFound", await _world.Ec2ErrorAsync("CreateReplaceRootVolumeTask", Ct, ("InstanceId", "i-0123456789abcdef0")));
        Assert.Equal("InvalidSnapshot.NotFound", await ErrorAsync(("SnapshotId", "snap-0123456789abcdef0")));
        Assert.Equal("InvalidAMIID.NotFound", await ErrorAsync(("ImageId", "ami-0f0f0f0f0f0f0f0f0")));
        Assert.Equal("InvalidParameterCombination", await ErrorAsync(("ImageId", AwsWorld.ImageId), ("SnapshotId", "snap-0123456789abcdef0")));
        Assert.Equal("UnsupportedOperation", await ErrorAsync(("VolumeInitializationRate", "200")));
        Assert.Equal("DryRunOperation", await ErrorAsync(("DryRun", "true")));
        Assert.Equal("InvalidReplaceRootVolumeTaskId.Malformed", await _world.Ec2ErrorAsync("DescribeReplaceRootVolumeTasks", Ct, ("ReplaceRootVolumeTaskId.1", "x")));
        Assert.Equal("InvalidReplaceRootVolumeTaskId.NotFound", await _world.Ec2ErrorAsync("DescribeReplaceRootVolumeTasks", Ct, ("ReplaceRootVolumeTaskId.1", "replacevol-0123456789abcdef0")));
        Assert.Equal(2, _world.Client.View.List(StorageKinds.Volume, ns: null).Count());
        await _world.Ec2Async("StopInstances", Ct, ("InstanceId.1", _instance));
        Assert.Equal("IncorrectInstanceState", await ErrorAsync());
    }

    private async Task<string> CreateAsync(params (string, string)[] more) =>
        (await _world.Ec2Async("CreateReplaceRootVolumeTask", Ct, [("InstanceId", _instance), .. more])).Descendants("replaceRootVolumeTaskId").Single().Value;

    private Task<string> ErrorAsync(params (string, string)[] more) => _world.Ec2ErrorAsync("CreateReplaceRootVolumeTask", Ct, [("InstanceId", _instance), .. more]);

    /// <summary>Each step by a controller of its own, as after a restart of the daemon.</summary>
    private Task ControlAsync(string id) => new ReplaceRootVolumeController(_world.Client).ReconcileAsync(AwsKinds.ReplaceRootVolumeTask.Key("default", id), Ct);

    private async Task UntilStartingAsync(string id)
    {
        await SettleAsync();
        await ControlAsync(id);
        await SettleAsync();
        await ControlAsync(id);
        Assert.Equal(ReplaceRootVolumePhase.Starting, Replacement(id).Status!.Phase);
    }

    private async Task RunToTheEndAsync(string id)
    {
        await UntilStartingAsync(id);
        await SettleAsync();
        await ControlAsync(id);
        await SettleAsync();
    }

    private async Task<string> StateAsync(string id) =>
        (await _world.Ec2Async("DescribeReplaceRootVolumeTasks", Ct, ("ReplaceRootVolumeTaskId.1", id))).Descendants("taskState").Single().Value;

    private Task SettleAsync() => SimulatedAgent.SettleAsync(_world.Client, Ct);

    private Instance Instance() => _world.Client.View.Get(ComputeKinds.Instance, "default", _instance)!;

    private ReplaceRootVolumeTask Replacement(string id) => _world.Client.View.Get(AwsKinds.ReplaceRootVolumeTask, "default", id)!;

    private string Root() => Instance().Spec.BlockDevices.Single(d => d.DeviceName == Instance().Spec.RootDeviceName).VolumeId;

    private Volume? Volume(string id) => _world.Client.View.Get(StorageKinds.Volume, "default", id);
}

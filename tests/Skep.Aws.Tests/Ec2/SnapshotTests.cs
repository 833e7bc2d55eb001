using System.Globalization;
using System.Xml.Linq;
using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class SnapshotTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_snapshot_is_pending_then_completed()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var volume = await MakeVolumeAsync(world);
        var made = await world.Ec2Async("CreateSnapshot", Ct, ("VolumeId", volume), ("Description", "nightly"),
            ("TagSpecification.1.ResourceType", "snapshot"), ("TagSpecification.1.Tag.1.Key", "Name"), ("TagSpecification.1.Tag.1.Value", "n1"));
        Assert.Equal(("pending", "0%", volume, "8", "nightly", AwsWorld.AccountId, "n1"), (
            made.Element("status")!.Value, made.Element("progress")!.Value, made.Element("volumeId")!.Value, made.Element("volumeSize")!.Value,
            made.Element("description")!.Value, made.Element("ownerId")!.Value, made.Descendants("value").Single().Value));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var shown = Items(await world.Ec2Async("DescribeSnapshots", Ct, ("SnapshotId.1", made.Element("snapshotId")!.Value))).Single();
        Assert.Equal(("completed", "100%", "standard"), (shown.Element("status")!.Value, shown.Element("progress")!.Value, shown.Element("storageTier")!.Value));
        var stored = world.Client.View.Get(StorageKinds.Snapshot, "default", made.Element("snapshotId")!.Value)!;
        Assert.Equal([Snapshot.Finalizer], stored.Metadata.Finalizers);
        Assert.Equal(SnapshotSource.Volume, stored.Spec.Source);
    }

    [Fact]
    public async Task Refuses_what_cannot_be_a_snapshot()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        Assert.Equal("InvalidVolume.NotFound", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", "vol-0123456789abcdef0")));
        Assert.Equal("InvalidVolumeID.Malformed", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", "vol-x")));
        var fresh = (await world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("Size", "8"))).Element("volumeId")!.Value;
        Assert.Equal("IncorrectState", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", fresh)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", fresh), ("Description", new string('x', 256))));
        Assert.Equal("UnsupportedOperation", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", fresh), ("OutpostArn", "arn:aws:outposts:x")));
        Assert.Equal("DryRunOperation", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", fresh), ("DryRun", "true")));
        Assert.Empty(world.Client.View.List(StorageKinds.Snapshot, ns: null));
    }

    [Fact]
    public async Task A_volume_has_five_pending_snapshots_at_most()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var volume = await MakeVolumeAsync(world);
        for (var i = 0; i < 5; i++)
            await TakeAsync(world, volume, settle: false);
        Assert.Equal("ConcurrentSnapshotLimitExceeded", await world.Ec2ErrorAsync("CreateSnapshot", Ct, ("VolumeId", volume)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await TakeAsync(world, volume, settle: false);
    }

    [Fact]
    public async Task Lists_by_owner_filter_and_page()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var volume = await MakeVolumeAsync(world);
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
            ids.Add(await TakeAsync(world, volume));
        ids.Sort(StringComparer.Ordinal);
        Assert.Equal(ids, await ListAsync(world, ("Owner.1", "self")));
        Assert.Equal(ids, await ListAsync(world, ("Owner.1", AwsWorld.AccountId)));
        Assert.Empty(await ListAsync(world, ("Owner.1", "amazon")));
        Assert.Equal(ids, await ListAsync(world, ("RestorableBy.1", "self")));
        Assert.Empty(await ListAsync(world, ("RestorableBy.1", "all")));
        Assert.Equal(ids, await ListAsync(world, ("Filter.1.Name", "volume-id"), ("Filter.1.Value.1", volume), ("Filter.2.Name", "status"), ("Filter.2.Value.1", "completed")));
        Assert.Empty(await ListAsync(world, ("Filter.1.Name", "volume-size"), ("Filter.1.Value.1", "9")));
        var first = await world.Ec2Async("DescribeSnapshots", Ct, ("MaxResults", "5"), ("Owner.1", "self"));
        var second = await world.Ec2Async("DescribeSnapshots", Ct, ("MaxResults", "5"), ("Owner.1", "self"), ("NextToken", first.Element("nextToken")!.Value));
        Assert.Equal(ids, Items(first).Concat(Items(second)).Select(IdOf));
        Assert.Equal(ids, await ListAsync(world, ("Owner.1", "self"), ("MaxResults", "1000"))); // as the AWS CLI asks
        Assert.Equal("InvalidParameterCombination", await world.Ec2ErrorAsync("DescribeSnapshots", Ct, ("MaxResults", "5"), ("SnapshotId.1", ids[0])));
        Assert.Equal("InvalidSnapshot.NotFound", await world.Ec2ErrorAsync("DescribeSnapshots", Ct, ("SnapshotId.1", "snap-0123456789abcdef0")));
    }

    [Fact]
    public async Task A_deleted_snapshot_is_gone_at_once()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = await TakeAsync(world, await MakeVolumeAsync(world));
        await world.Ec2Async("DeleteSnapshot", Ct, ("SnapshotId", id));
        Assert.Equal("InvalidSnapshot.NotFound", await world.Ec2ErrorAsync("DescribeSnapshots", Ct, ("SnapshotId.1", id)));
        Assert.Equal("InvalidSnapshot.NotFound", await world.Ec2ErrorAsync("DeleteSnapshot", Ct, ("SnapshotId", id)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Empty(world.Client.View.List(StorageKinds.Snapshot, ns: null));
    }

    [Fact]
    public async Task A_snapshot_in_use_stays()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = await TakeAsync(world, await MakeVolumeAsync(world));
        await world.Client.ModifyAsync(ComputeKinds.Image, ComputeKinds.Image.Key("default", AwsWorld.ImageId), i =>
        {
            i.Spec.BlockDevices = [new ImageBlockDevice { DeviceName = "/dev/sdf", SnapshotId = id }];
            return true;
        }, Ct);
        Assert.Equal("InvalidSnapshot.InUse", await world.Ec2ErrorAsync("DeleteSnapshot", Ct, ("SnapshotId", id)));
        var other = await TakeAsync(world, await MakeVolumeAsync(world));
        await world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("SnapshotId", other));
        Assert.Equal("InvalidSnapshot.InUse", await world.Ec2ErrorAsync("DeleteSnapshot", Ct, ("SnapshotId", other)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await world.Ec2Async("DeleteSnapshot", Ct, ("SnapshotId", other));
    }

    [Fact]
    public async Task A_copy_is_a_snapshot_of_its_own()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var volume = await MakeVolumeAsync(world);
        var source = await TakeAsync(world, volume, settle: false);
        Assert.Equal("IncorrectState", await world.Ec2ErrorAsync("CopySnapshot", Ct, ("SourceRegion", "us-east-1"), ("SourceSnapshotId", source)));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var copy = (await world.Ec2Async("CopySnapshot", Ct, ("SourceRegion", "us-east-1"), ("SourceSnapshotId", source))).Element("snapshotId")!.Value;
        var shown = Items(await world.Ec2Async("DescribeSnapshots", Ct, ("SnapshotId.1", copy))).Single();
        Assert.Equal(("pending", "vol-ffffffff", "8", $"[Copied {source} from us-east-1]"), (
            shown.Element("status")!.Value, shown.Element("volumeId")!.Value, shown.Element("volumeSize")!.Value, shown.Element("description")!.Value));
        Assert.Equal("InvalidSnapshot.InUse", await world.Ec2ErrorAsync("DeleteSnapshot", Ct, ("SnapshotId", source)));
        Assert.Equal("InvalidSnapshot.NotFound", await world.Ec2ErrorAsync("CopySnapshot", Ct, ("SourceRegion", "eu-west-1"), ("SourceSnapshotId", source)));
    }

    [Fact]
    public async Task A_set_covers_the_volumes_of_an_instance()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, root, data) = await MakeInstanceAsync(world);
        var made = await world.Ec2Async("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", instance), ("CopyTagsFromSource", "volume"), ("Description", "set"));
        var set = Items(made);
        Assert.Equal([root, data], set.Select(s => s.Element("volumeId")!.Value));
        Assert.All(set, s => Assert.Equal("pending", s.Element("state")!.Value));
        Assert.Equal("v1", set[1].Descendants("value").Single().Value);
        var stored = set.Select(s => world.Client.View.Get(StorageKinds.Snapshot, "default", IdOf(s))!).ToList();
        Assert.Equal([IdOf(set[1])], stored[0].Spec.TakenWith!);
        Assert.Equal([IdOf(set[0])], stored[1].Spec.TakenWith!);

        var withoutBoot = Items(await world.Ec2Async("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", instance), ("InstanceSpecification.ExcludeBootVolume", "true")));
        Assert.Equal([data], withoutBoot.Select(s => s.Element("volumeId")!.Value));
        var withoutData = Items(await world.Ec2Async("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", instance), ("InstanceSpecification.ExcludeDataVolumeId.1", data)));
        Assert.Equal([root], withoutData.Select(s => s.Element("volumeId")!.Value));
    }

    [Fact]
    public async Task A_set_refuses_what_does_not_fit()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (instance, root, data) = await MakeInstanceAsync(world);
        Assert.Equal("InvalidInstanceID.NotFound", await world.Ec2ErrorAsync("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", "i-0123456789abcdef0")));
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", instance), ("InstanceSpecification.ExcludeDataVolumeId.1", root)));
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", instance), ("InstanceSpecification.ExcludeDataVolumeId.1", "vol-0123456789abcdef0")));
        Assert.Equal("InvalidParameterCombination", await world.Ec2ErrorAsync("CreateSnapshots", Ct, ("InstanceSpecification.InstanceId", instance),
            ("InstanceSpecification.ExcludeBootVolume", "true"), ("InstanceSpecification.ExcludeDataVolumeId.1", data)));
        Assert.Empty(world.Client.View.List(StorageKinds.Snapshot, ns: null));
    }

    [Fact]
    public async Task Permissions_are_given_taken_and_reset()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = await TakeAsync(world, await MakeVolumeAsync(world));
        await ModifyAsync(("OperationType", "add"), ("UserId.1", "210987654321"), ("UserGroup.1", "all"));
        await ModifyAsync(("CreateVolumePermission.Add.1.UserId", "111122223333"), ("CreateVolumePermission.Remove.1.Group", "all"));
        Assert.Equal(["210987654321", "111122223333"], await PermissionsAsync());
        Assert.Equal([id], await ListAsync(world, ("RestorableBy.1", "111122223333")));
        Assert.Equal("InvalidUserID.Malformed", await ErrorAsync(("OperationType", "add"), ("UserId.1", "12")));
        Assert.Equal("InvalidParameterValue", await ErrorAsync(("OperationType", "add"), ("UserGroup.1", "some")));
        Assert.Equal("MissingParameter", await ErrorAsync(("UserId.1", "210987654321")));
        Assert.Equal("MissingParameter", await ErrorAsync());
        Assert.Equal("InvalidParameterValue", await ErrorAsync(("Attribute", "productCodes"), ("OperationType", "add"), ("UserId.1", "210987654321")));
        await world.Ec2Async("ResetSnapshotAttribute", Ct, ("SnapshotId", id), ("Attribute", "createVolumePermission"));
        Assert.Empty(await PermissionsAsync());

        Task<XElement> ModifyAsync(params (string, string)[] more) => world.Ec2Async("ModifySnapshotAttribute", Ct, [("SnapshotId", id), .. more]);
        Task<string> ErrorAsync(params (string, string)[] more) => world.Ec2ErrorAsync("ModifySnapshotAttribute", Ct, [("SnapshotId", id), .. more]);
        async Task<List<string>> PermissionsAsync() =>
            [.. (await world.Ec2Async("DescribeSnapshotAttribute", Ct, ("SnapshotId", id), ("Attribute", "createVolumePermission"))).Descendants("userId").Select(e => e.Value)];
    }

    [Fact]
    public async Task Another_accounts_snapshot_is_seen_only_when_shared()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var key = StorageKinds.Snapshot.Key("other", "snap-0aaaaaaaaaaaaaaa1");
        var transaction = world.Client.Begin();
        transaction.Create(CoreKinds.Namespace, new Namespace { Metadata = { Name = "other" } });
        transaction.Create(StorageKinds.Snapshot, new Snapshot
        {
            Metadata = { Name = key.Name, Namespace = "other" },
            Spec = { VolumeId = "vol-1", VolumeSizeGib = 3, OwnerAccount = "210987654321" },
            Status = new SnapshotStatus { State = SnapshotState.Completed },
        });
        await transaction.CommitAsync(Ct);
        var own = await TakeAsync(world, await MakeVolumeAsync(world));
        Assert.Equal([own], await ListAsync(world));
        Assert.Equal("InvalidSnapshot.NotFound", await world.Ec2ErrorAsync("DescribeSnapshots", Ct, ("SnapshotId.1", key.Name)));
        await world.Client.ModifyAsync(StorageKinds.Snapshot, key, s => { s.Spec.CreateVolumePermissions = [new() { UserId = AwsWorld.AccountId }]; return true; }, Ct);
        Assert.Equal(new[] { own, key.Name }.Order(StringComparer.Ordinal), await ListAsync(world));
        Assert.Equal([key.Name], await ListAsync(world, ("Owner.1", "210987654321")));
        Assert.Equal("InvalidSnapshot.NotFound", await world.Ec2ErrorAsync("DeleteSnapshot", Ct, ("SnapshotId", key.Name)));
        await world.Ec2Async("CopySnapshot", Ct, ("SourceRegion", "us-east-1"), ("SourceSnapshotId", key.Name));
    }

    [Theory]
    [InlineData("LockSnapshot")]
    [InlineData("DescribeLockedSnapshots")]
    [InlineData("DescribeFastSnapshotRestores")]
    public async Task What_is_not_served_is_refused_by_name(string action)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        Assert.Equal("UnsupportedOperation", await world.Ec2ErrorAsync(action, Ct));
    }

    private static async Task<string> MakeVolumeAsync(AwsWorld world, int sizeGib = 8)
    {
        var id = (await world.Ec2Async("CreateVolume", Ct, ("AvailabilityZone", "us-east-1a"), ("Size", sizeGib.ToString(CultureInfo.InvariantCulture)),
            ("TagSpecification.1.ResourceType", "volume"), ("TagSpecification.1.Tag.1.Key", "Name"), ("TagSpecification.1.Tag.1.Value", "v1"))).Element("volumeId")!.Value;
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        return id;
    }

    private static async Task<string> TakeAsync(AwsWorld world, string volume, bool settle = true)
    {
        var id = (await world.Ec2Async("CreateSnapshot", Ct, ("VolumeId", volume))).Element("snapshotId")!.Value;
        if (settle)
            await SimulatedAgent.SettleAsync(world.Client, Ct);
        return id;
    }

    private static async Task<(string Instance, string Root, string Data)> MakeInstanceAsync(AwsWorld world)
    {
        var instance = (await world.RunAsync(Ct)).Single();
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var data = await MakeVolumeAsync(world);
        await world.Ec2Async("AttachVolume", Ct, ("VolumeId", data), ("InstanceId", instance), ("Device", "/dev/sdf"));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var root = world.Client.View.Get(ComputeKinds.Instance, "default", instance)!.Spec.BlockDevices[0].VolumeId;
        return (instance, root, data);
    }

    private static async Task<List<string>> ListAsync(AwsWorld world, params (string, string)[] parameters) =>
        [.. Items(await world.Ec2Async("DescribeSnapshots", Ct, parameters)).Select(IdOf)];

    private static List<XElement> Items(XElement answer) => [.. answer.Element("snapshotSet")!.Elements("item")];

    private static string IdOf(XElement item) => item.Element("snapshotId")!.Value;
}

using System.Xml.Linq;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class EncryptionTests
{
    private const string PlainSnapshot = "snap-0123456789abcdef0";
    private const string EncryptedSnapshot = "snap-0123456789abcdef1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Of CreateVolume: what is asked for, what is the default, what it is made of, and what comes of it.</summary>
    [Theory]
    [InlineData(null, false, null, false)]
    [InlineData("false", false, null, false)]
    [InlineData("true", false, null, true)]
    [InlineData(null, true, null, true)]
    [InlineData("false", true, null, true)]
    [InlineData("true", false, PlainSnapshot, true)]
    [InlineData("false", false, PlainSnapshot, false)]
    [InlineData(null, true, PlainSnapshot, true)]
    [InlineData(null, false, EncryptedSnapshot, true)]
    [InlineData("true", false, EncryptedSnapshot, true)]
    public async Task A_volume_is_encrypted_when_asked_for_by_default_or_by_descent(string? asked, bool byDefault, string? snapshot, bool expected)
    {
        await using var world = await StartAsync();
        if (byDefault)
            await world.Ec2Async("EnableEbsEncryptionByDefault", Ct);
        var made = await CreateAsync(world, [.. Optional("Encrypted", asked), .. Optional("SnapshotId", snapshot), .. Optional("Size", snapshot is null ? "4" : null)]);
        Assert.Equal(expected ? "true" : "false", made.Element("encrypted")!.Value);
        var key = await KeyAsync(world);
        Assert.Equal(expected ? key : null, made.Element("kmsKeyId")?.Value);
        var shown = (await world.Ec2Async("DescribeVolumes", Ct, ("Filter.1.Name", "encrypted"), ("Filter.1.Value.1", expected ? "true" : "false"))).Descendants("volumeId");
        Assert.Equal([made.Element("volumeId")!.Value], shown.Select(v => v.Value));
        var stored = world.Client.View.Get(StorageKinds.Volume, "default", made.Element("volumeId")!.Value)!;
        Assert.Equal((expected, expected ? key : null), (stored.Spec.Encrypted, stored.Spec.KmsKeyId));
    }

    [Theory]
    [InlineData("InvalidParameterDependency", "Size", "4", "KmsKeyId", "alias/aws/ebs")]
    [InlineData("InvalidParameterDependency", "Size", "4", "Encrypted", "false", "KmsKeyId", "alias/aws/ebs")]
    [InlineData("InvalidParameterValue", "Size", "4", "Encrypted", "true", "KmsKeyId", "alias/mine")]
    [InlineData("InvalidParameterValue", "Size", "4", "Encrypted", "true", "KmsKeyId", "arn:aws:kms:eu-west-1:123456789012:alias/aws/ebs")]
    [InlineData("InvalidParameterCombination", "SnapshotId", EncryptedSnapshot, "Encrypted", "false")]
    public async Task A_wish_that_cannot_be_is_refused(string error, params string[] parameters)
    {
        await using var world = await StartAsync();
        Assert.Equal(error, await world.Ec2ErrorAsync("CreateVolume", Ct, [("AvailabilityZone", "us-east-1a"), .. Pairs(parameters)]));
        Assert.Empty(world.Client.View.List(StorageKinds.Volume, ns: null));
    }

    [Fact]
    public async Task The_key_has_four_names()
    {
        await using var world = await StartAsync();
        var arn = await KeyAsync(world);
        Assert.StartsWith($"arn:aws:kms:us-east-1:{AwsWorld.AccountId}:key/", arn, StringComparison.Ordinal);
        Assert.True(Guid.TryParse(arn.Split('/')[1], out _), arn);
        foreach (var name in (string[])[arn, arn.Split('/')[1], "alias/aws/ebs", $"arn:aws:kms:us-east-1:{AwsWorld.AccountId}:alias/aws/ebs"])
        {
            Assert.Equal(arn, (await CreateAsync(world, ("Size", "4"), ("Encrypted", "true"), ("KmsKeyId", name))).Element("kmsKeyId")!.Value);
            Assert.Equal(arn, (await world.Ec2Async("ModifyEbsDefaultKmsKeyId", Ct, ("KmsKeyId", name))).Element("kmsKeyId")!.Value);
        }

        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("ModifyEbsDefaultKmsKeyId", Ct, ("KmsKeyId", "alias/mine")));
        Assert.Equal(arn, (await world.Ec2Async("ResetEbsDefaultKmsKeyId", Ct)).Element("kmsKeyId")!.Value);
    }

    [Fact]
    public async Task The_default_is_chosen_and_taken_back()
    {
        await using var world = await StartAsync();
        Assert.Equal("false", await DefaultAsync());
        await world.Ec2Async("DisableEbsEncryptionByDefault", Ct);
        Assert.Equal("DryRunOperation", await world.Ec2ErrorAsync("EnableEbsEncryptionByDefault", Ct, ("DryRun", "true")));
        Assert.Equal("false", await DefaultAsync());
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal("true", (await world.Ec2Async("EnableEbsEncryptionByDefault", Ct)).Element("ebsEncryptionByDefault")!.Value);
            Assert.Equal("true", await DefaultAsync());
        }

        Assert.Equal("false", (await world.Ec2Async("DisableEbsEncryptionByDefault", Ct)).Element("ebsEncryptionByDefault")!.Value);
        Assert.Equal("false", await DefaultAsync());

        async Task<string> DefaultAsync() => (await world.Ec2Async("GetEbsEncryptionByDefault", Ct)).Element("ebsEncryptionByDefault")!.Value;
    }

    [Fact]
    public async Task A_launch_encrypts_the_disks_that_it_is_told_to()
    {
        await using var world = await StartAsync();
        var id = (await world.RunAsync(Ct, 1, [
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.Encrypted", "true"), ("BlockDeviceMapping.1.Ebs.KmsKeyId", "alias/aws/ebs"),
            ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.2.Ebs.SnapshotId", EncryptedSnapshot),
            ("BlockDeviceMapping.3.DeviceName", "/dev/sdg"), ("BlockDeviceMapping.3.Ebs.VolumeSize", "1"),
        ]))[0];
        Assert.Equal([true, true, false], Volumes(world, id).Select(v => v.Spec.Encrypted));
        await world.Ec2Async("EnableEbsEncryptionByDefault", Ct);
        Assert.All(Volumes(world, (await world.RunAsync(Ct))[0]), v => Assert.True(v.Spec.Encrypted));
    }

    [Theory]
    [InlineData("InvalidBlockDeviceMapping", "SnapshotId", EncryptedSnapshot, "Encrypted", "false")]
    [InlineData("InvalidParameterDependency", "VolumeSize", "5", "KmsKeyId", "alias/aws/ebs")]
    [InlineData("InvalidParameterValue", "VolumeSize", "5", "Encrypted", "true", "KmsKeyId", "1234abcd-12ab-34cd-56ef-1234567890ab")]
    public async Task A_launch_refuses_what_cannot_be(string error, params string[] ebs)
    {
        await using var world = await StartAsync();
        Assert.Equal(error, await world.Ec2ErrorAsync("RunInstances", Ct, [
            ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
            .. Pairs(ebs).Select(p => ($"BlockDeviceMapping.1.Ebs.{p.Item1}", p.Item2))]));
    }

    [Fact]
    public async Task An_image_remembers_which_disks_are_encrypted()
    {
        await using var world = await StartAsync();
        var image = (await world.Ec2Async("RegisterImage", Ct, [
            ("Name", "encrypted"), ("RootDeviceName", "/dev/sda1"), ("Architecture", "x86_64"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/sda1"), ("BlockDeviceMapping.1.Ebs.SnapshotId", EncryptedSnapshot),
            ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.2.Ebs.VolumeSize", "3"), ("BlockDeviceMapping.2.Ebs.Encrypted", "true"),
            ("BlockDeviceMapping.3.DeviceName", "/dev/sdg"), ("BlockDeviceMapping.3.Ebs.SnapshotId", PlainSnapshot),
        ])).Element("imageId")!.Value;
        var shown = await world.Ec2Async("DescribeImages", Ct, ("ImageId.1", image));
        Assert.Equal(["true", "true", "false"], shown.Descendants("encrypted").Select(e => e.Value));
        Assert.Equal([true, true, false], Volumes(world, (await world.RunAsync(Ct, 1, ("ImageId", image)))[0]).Select(v => v.Spec.Encrypted));
        Assert.Equal("InvalidBlockDeviceMapping", await world.Ec2ErrorAsync("RunInstances", Ct, [
            ("ImageId", image), ("MinCount", "1"), ("MaxCount", "1"), ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.Ebs.Encrypted", "false")]));
        Assert.Equal("InvalidBlockDeviceMapping", await RegisterErrorAsync(world, ("SnapshotId", PlainSnapshot), ("Encrypted", "true")));
        Assert.Equal("InvalidBlockDeviceMapping", await RegisterErrorAsync(world, ("VolumeSize", "5"), ("Encrypted", "true"), ("KmsKeyId", "alias/aws/ebs")));
    }

    [Fact]
    public async Task Snapshots_and_their_copies_are_as_their_volumes()
    {
        await using var world = await StartAsync();
        var key = await KeyAsync(world);
        var volume = (await CreateAsync(world, ("Size", "4"), ("Encrypted", "true"))).Element("volumeId")!.Value;
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var snapshot = await world.Ec2Async("CreateSnapshot", Ct, ("VolumeId", volume));
        Assert.Equal(("true", key), (snapshot.Element("encrypted")!.Value, snapshot.Element("kmsKeyId")!.Value));
        Assert.Equal((true, key), await CopyAsync(EncryptedSnapshot));
        Assert.Equal((true, key), await CopyAsync(PlainSnapshot, ("Encrypted", "true"), ("KmsKeyId", key)));
        Assert.Equal((false, null), await CopyAsync(PlainSnapshot));
        await world.Ec2Async("EnableEbsEncryptionByDefault", Ct);
        Assert.Equal((true, key), await CopyAsync(PlainSnapshot));
        Assert.Equal("InvalidParameterCombination", await world.Ec2ErrorAsync("CopySnapshot", Ct, ("SourceRegion", "us-east-1"), ("SourceSnapshotId", EncryptedSnapshot), ("Encrypted", "false")));
        Assert.Equal("InvalidParameterDependency", await world.Ec2ErrorAsync("CopySnapshot", Ct, ("SourceRegion", "us-east-1"), ("SourceSnapshotId", EncryptedSnapshot), ("KmsKeyId", key)));

        async Task<(bool, string?)> CopyAsync(string source, params (string, string)[] more)
        {
            var copy = (await world.Ec2Async("CopySnapshot", Ct, [("SourceRegion", "us-east-1"), ("SourceSnapshotId", source), .. more])).Element("snapshotId")!.Value;
            var spec = world.Client.View.Get(StorageKinds.Snapshot, "default", copy)!.Spec;
            return (spec.Encrypted, spec.KmsKeyId);
        }
    }

    private static async Task<AwsWorld> StartAsync()
    {
        var world = await AwsWorld.StartAsync(Ct);
        foreach (var (id, isEncrypted) in ((string, bool)[])[(PlainSnapshot, false), (EncryptedSnapshot, true)])
        {
            await world.Client.CreateAsync(
                StorageKinds.Snapshot,
                new Snapshot
                {
                    Metadata = { Name = id, Namespace = "default" },
                    Spec = { VolumeId = "vol-0123456789abcdef0", VolumeSizeGib = 4, OwnerAccount = AwsWorld.AccountId, Encrypted = isEncrypted },
                    Status = new SnapshotStatus { State = SnapshotState.Completed, Progress = 100 },
                },
                Ct);
        }

        return world;
    }

    private static Task<XElement> CreateAsync(AwsWorld world, params (string, string)[] parameters) =>
        world.Ec2Async("CreateVolume", Ct, [("AvailabilityZone", "us-east-1a"), ("VolumeType", "gp3"), .. parameters]);

    private static async Task<string> KeyAsync(AwsWorld world) => (await world.Ec2Async("GetEbsDefaultKmsKeyId", Ct)).Element("kmsKeyId")!.Value;

    private static Task<string> RegisterErrorAsync(AwsWorld world, params (string Name, string Value)[] ebs) => world.Ec2ErrorAsync("RegisterImage", Ct, [
        ("Name", "refused"), ("RootDeviceName", "/dev/sda1"), ("BlockDeviceMapping.1.DeviceName", "/dev/sda1"), ("BlockDeviceMapping.1.Ebs.SnapshotId", PlainSnapshot),
        ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"), .. ebs.Select(m => ($"BlockDeviceMapping.2.Ebs.{m.Name}", m.Value))]);

    private static List<Volume> Volumes(AwsWorld world, string instance) =>
        [.. world.Client.View.Get(Compute.Kinds.ComputeKinds.Instance, "default", instance)!.Spec.BlockDevices.Select(d => world.Client.View.Get(StorageKinds.Volume, "default", d.VolumeId)!)];

    private static (string, string)[] Optional(string name, string? value) => value is null ? [] : [(name, value)];

    private static IEnumerable<(string, string)> Pairs(string[] parameters) => parameters.Chunk(2).Select(p => (p[0], p[1]));
}

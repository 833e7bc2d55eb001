using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class ModifyVolumeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_what_is_wanted_and_keeps_account_of_the_change()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (_, volume) = await VolumeTests.MakeBothAsync(world);
        var answer = (await world.Ec2Async("ModifyVolume", Ct, ("VolumeId", volume), ("Size", "20"), ("VolumeType", "io2"), ("Iops", "5000"))).Element("volumeModification")!;
        Assert.Equal(
            ("modifying", "10", "gp3", "3000", "125", "20", "io2", "5000", null),
            (answer.Element("modificationState")!.Value, answer.Element("originalSize")!.Value, answer.Element("originalVolumeType")!.Value, answer.Element("originalIops")!.Value,
                answer.Element("originalThroughput")!.Value, answer.Element("targetSize")!.Value, answer.Element("targetVolumeType")!.Value, answer.Element("targetIops")!.Value, answer.Element("targetThroughput")?.Value));
        var spec = world.Client.View.Get(StorageKinds.Volume, "default", volume)!.Spec;
        Assert.Equal((20, "io2", 5_000, null), (spec.SizeGib, spec.VolumeType, spec.Iops, spec.Throughput));
        Assert.Equal("IncorrectModificationState", await world.Ec2ErrorAsync("ModifyVolume", Ct, ("VolumeId", volume), ("Size", "30")));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var shown = (await world.Ec2Async("DescribeVolumesModifications", Ct, ("Filter.1.Name", "modification-state"), ("Filter.1.Value.1", "completed"))).Descendants("item").Single();
        Assert.Equal((volume, "100"), (shown.Element("volumeId")!.Value, shown.Element("progress")!.Value));
        await world.Ec2Async("ModifyVolume", Ct, ("VolumeId", volume), ("VolumeType", "gp3"));
        Assert.Equal((5_000, 125), (world.Client.View.Get(StorageKinds.Volume, "default", volume)!.Spec.Iops, world.Client.View.Get(StorageKinds.Volume, "default", volume)!.Spec.Throughput));
    }

    [Theory]
    [InlineData("InvalidParameterValue", "Size", "9")]
    [InlineData("InvalidParameterValue", "Size", "16385")]
    [InlineData("InvalidParameterCombination", "VolumeType", "gp2", "Iops", "400")]
    [InlineData("InvalidParameterValue", "VolumeType", "st1")]
    [InlineData("InvalidParameterValue", "VolumeType", "io1")] // its 3000 would be 300 for each GiB
    [InlineData("InvalidParameterValue", "Iops", "5001")]
    [InlineData("MissingParameter")]
    [InlineData("UnsupportedOperation", "MultiAttachEnabled", "true")]
    public async Task Refuses_what_EBS_refuses(string error, params string[] parameters)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (_, volume) = await VolumeTests.MakeBothAsync(world);
        Assert.Equal(error, await world.Ec2ErrorAsync("ModifyVolume", Ct, [("VolumeId", volume), .. parameters.Chunk(2).Select(p => (p[0], p[1]))]));
        Assert.Null(world.Client.View.Get(StorageKinds.Volume, "default", volume)!.Status!.Modification);
    }

    [Fact]
    public async Task A_volume_that_is_not_there_yet_cannot_be_modified()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var volume = await VolumeTests.MakeAsync(world);
        Assert.Equal("IncorrectState", await world.Ec2ErrorAsync("ModifyVolume", Ct, ("VolumeId", volume), ("Size", "20")));
        Assert.Equal("InvalidVolume.NotFound", await world.Ec2ErrorAsync("ModifyVolume", Ct, ("VolumeId", "vol-0123456789abcdef0"), ("Size", "20")));
        Assert.Equal("InvalidVolumeModification.NotFound", await world.Ec2ErrorAsync("DescribeVolumesModifications", Ct, ("VolumeId.1", volume)));
    }

    [Fact]
    public async Task Shows_status_and_attributes()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var (_, volume) = await VolumeTests.MakeBothAsync(world);
        var fresh = await VolumeTests.MakeAsync(world);
        var status = (await world.Ec2Async("DescribeVolumeStatus", Ct, ("VolumeId.1", volume))).Descendants("volumeStatus").Single();
        Assert.Equal("ok", status.Element("status")!.Value);
        var ok = await world.Ec2Async("DescribeVolumeStatus", Ct, ("Filter.1.Name", "volume-status.status"), ("Filter.1.Value.1", "insufficient-data"));
        Assert.Equal(fresh, ok.Descendants("volumeId").Single().Value);

        Assert.Equal("false", await AttributeAsync(world, volume));
        await world.Ec2Async("ModifyVolumeAttribute", Ct, ("VolumeId", volume), ("AutoEnableIO.Value", "true"));
        Assert.Equal("true", await AttributeAsync(world, volume));
        Assert.NotNull((await world.Ec2Async("DescribeVolumeAttribute", Ct, ("VolumeId", volume), ("Attribute", "productCodes"))).Element("productCodes"));
    }

    private static async Task<string> AttributeAsync(AwsWorld world, string volume) =>
        (await world.Ec2Async("DescribeVolumeAttribute", Ct, ("VolumeId", volume), ("Attribute", "autoEnableIO"))).Element("autoEnableIO")!.Element("value")!.Value;
}

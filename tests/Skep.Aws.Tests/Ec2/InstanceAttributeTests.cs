namespace Skep.Aws.Tests.Ec2;

public sealed class InstanceAttributeTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("instanceType", "InstanceType.Value", "t3.small")]
    [InlineData("userData", "UserData.Value", "IyEvYmluL3No")]
    [InlineData("disableApiTermination", "DisableApiTermination.Value", "true")]
    [InlineData("disableApiStop", "DisableApiStop.Value", "true")]
    [InlineData("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior.Value", "terminate")]
    [InlineData("ebsOptimized", "EbsOptimized.Value", "true")]
    [InlineData("sourceDestCheck", "SourceDestCheck.Value", "false")]
    public async Task Shows_what_was_changed_in_both_forms(string attribute, string parameter, string value)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        foreach (var isOldForm in (bool[])[false, true])
        {
            var id = await StoppedAsync(world);
            await world.Ec2Async("ModifyInstanceAttribute", Ct, isOldForm ? [("InstanceId", id), ("Attribute", attribute), ("Value", value)] : [("InstanceId", id), (parameter, value)]);
            var shown = await world.Ec2Async("DescribeInstanceAttribute", Ct, ("InstanceId", id), ("Attribute", attribute));
            Assert.Equal(value, shown.Element(attribute)!.Element("value")!.Value);
        }
    }

    [Theory]
    [InlineData("InstanceType.Value", "t3.small")]
    [InlineData("UserData.Value", "IyEvYmluL3No")]
    public async Task A_running_instance_keeps_its_type_and_user_data(string parameter, string value)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        Assert.Equal("IncorrectInstanceState", await world.Ec2ErrorAsync("ModifyInstanceAttribute", Ct, ("InstanceId", id), (parameter, value)));
    }

    [Fact]
    public async Task Refuses_no_attribute_several_and_wrong_values()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = await StoppedAsync(world);
        Assert.Equal("InvalidParameterCombination", await world.Ec2ErrorAsync("ModifyInstanceAttribute", Ct, ("InstanceId", id)));
        Assert.Equal("InvalidParameterCombination", await world.Ec2ErrorAsync("ModifyInstanceAttribute", Ct, ("InstanceId", id), ("EbsOptimized.Value", "true"), ("DisableApiStop.Value", "true")));
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("ModifyInstanceAttribute", Ct, ("InstanceId", id), ("InstanceType.Value", "t9.huge")));
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("ModifyInstanceAttribute", Ct, ("InstanceId", id), ("Attribute", "disableApiStop"), ("Value", "maybe")));
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("DescribeInstanceAttribute", Ct, ("InstanceId", id), ("Attribute", "colour")));
    }

    [Fact]
    public async Task Changes_what_becomes_of_a_disk()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        await world.Ec2Async("ModifyInstanceAttribute", Ct, ("InstanceId", id), ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"));
        Assert.Equal("false", (await world.Ec2Async("DescribeVolumes", Ct)).Descendants("deleteOnTermination").Single().Value);
        Assert.Equal("false", (await world.Ec2Async("DescribeInstanceAttribute", Ct, ("InstanceId", id), ("Attribute", "blockDeviceMapping"))).Descendants("deleteOnTermination").Single().Value);
    }

    private static async Task<string> StoppedAsync(AwsWorld world)
    {
        var id = (await world.RunAsync(Ct))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        await world.Ec2Async("StopInstances", Ct, ("InstanceId.1", id));
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        return id;
    }
}

namespace Skep.Aws.Tests.Ec2;

public sealed class NetworkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_region_has_a_default_network()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var vpc = (await world.Ec2Async("DescribeVpcs", Ct, ("Filter.1.Name", "is-default"), ("Filter.1.Value.1", "true"))).Descendants("vpcSet").Single().Element("item")!;
        var id = vpc.Element("vpcId")!.Value;
        Assert.Equal("172.31.0.0/16", vpc.Element("cidrBlock")!.Value);
        Assert.NotEmpty((await world.Ec2Async("DescribeSubnets", Ct, ("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", id), ("Filter.2.Name", "default-for-az"), ("Filter.2.Value.1", "true"))).Descendants("subnetId"));
        var group = (await world.Ec2Async("DescribeSecurityGroups", Ct, ("Filter.1.Name", "group-name"), ("Filter.1.Value.1", "default"))).Descendants("securityGroupInfo").Single().Element("item")!;
        Assert.Equal(id, group.Element("vpcId")!.Value);
        Assert.Equal("0.0.0.0/0", group.Element("ipPermissionsEgress")!.Descendants("cidrIp").Single().Value);
        Assert.Single((await world.Ec2Async("DescribeSecurityGroups", Ct, ("Filter.1.Name", "egress.ip-permission.cidr"), ("Filter.1.Value.1", "0.0.0.0/*"))).Descendants("groupName"));
        Assert.Empty((await world.Ec2Async("DescribeSecurityGroups", Ct, ("Filter.1.Name", "ip-permission.cidr"), ("Filter.1.Value.1", "0.0.0.0/0"))).Descendants("groupName"));
    }

    [Fact]
    public async Task Shows_an_instances_interface()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct))[0];
        await SimulatedAgent.SettleAsync(world.Client, Ct);
        var nic = (await world.Ec2Async("DescribeNetworkInterfaces", Ct, ("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", id))).Descendants("networkInterfaceSet").Single().Element("item")!;
        Assert.Equal("in-use", nic.Element("status")!.Value);
        Assert.Equal("default", nic.Element("groupSet")!.Descendants("groupName").Single().Value);
        var address = nic.Element("privateIpAddress")!.Value;
        Assert.Equal($"ip-{address.Replace('.', '-')}.ec2.internal", nic.Element("privateDnsName")!.Value);
        Assert.Single((await world.Ec2Async("DescribeInstances", Ct, ("Filter.1.Name", "private-ip-address"), ("Filter.1.Value.1", address))).Descendants("instancesSet"));
    }

    [Theory]
    [InlineData("DescribeVpcs", "VpcId.1", "vpc-00000000", "InvalidVpcID.NotFound")]
    [InlineData("DescribeSubnets", "SubnetId.1", "subnet-00000000", "InvalidSubnetID.NotFound")]
    [InlineData("DescribeSecurityGroups", "GroupId.1", "sg-00000000", "InvalidGroup.NotFound")]
    [InlineData("DescribeSecurityGroups", "GroupName.1", "nobody", "InvalidGroup.NotFound")]
    [InlineData("DescribeNetworkInterfaces", "NetworkInterfaceId.1", "eni-00000000", "InvalidNetworkInterfaceID.NotFound")]
    [InlineData("DescribeVolumes", "VolumeId.1", "vol-00000000", "InvalidVolume.NotFound")]
    [InlineData("DescribeVolumes", "VolumeId.1", "vol-1", "InvalidVolumeID.Malformed")]
    [InlineData("DescribeInstanceTypes", "InstanceType.1", "t9.huge", "InvalidInstanceType")]
    [InlineData("DescribeAvailabilityZones", "ZoneName.1", "us-east-1z", "InvalidParameterValue")]
    [InlineData("DescribeRegions", "RegionName.1", "Mars", "InvalidParameterValue")]
    public async Task Says_what_does_not_exist(string operation, string parameter, string value, string code)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        Assert.Equal(code, await world.Ec2ErrorAsync(operation, Ct, (parameter, value)));
    }

    [Fact]
    public async Task Zones_types_and_offerings_agree()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.Ec2Async("DescribeVpcs", Ct);
        var zones = (await world.Ec2Async("DescribeAvailabilityZones", Ct)).Descendants("zoneName").Select(e => e.Value).ToList();
        Assert.Contains("us-east-1a", zones);
        Assert.Contains("use1-az1", (await world.Ec2Async("DescribeAvailabilityZones", Ct)).Descendants("zoneId").Select(e => e.Value));
        var type = (await world.Ec2Async("DescribeInstanceTypes", Ct, ("Filter.1.Name", "instance-type"), ("Filter.1.Value.1", "t3.mic*"))).Descendants("instanceTypeSet").Single().Element("item")!;
        Assert.Equal("1024", type.Element("memoryInfo")!.Element("sizeInMiB")!.Value);
        var offered = await world.Ec2Async("DescribeInstanceTypeOfferings", Ct, ("LocationType", "availability-zone"), ("Filter.1.Name", "instance-type"), ("Filter.1.Value.1", "t3.micro"));
        Assert.Equal(zones, offered.Descendants("location").Select(e => e.Value));
    }
}

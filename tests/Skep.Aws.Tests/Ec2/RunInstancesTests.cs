using Skep.Compute.Kinds;
using Skep.Core.Resources;
using Skep.Networking.Kinds;
using Skep.Storage.Kinds;

namespace Skep.Aws.Tests.Ec2;

public sealed class RunInstancesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Makes_everything_an_instance_needs_in_one_transaction()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.Ec2Async("DescribeVpcs", Ct);
        var revision = world.Client.View.Revision;
        var id = (await world.RunAsync(Ct, 1, ("UserData", Convert.ToBase64String("#!/bin/sh"u8)), ("TagSpecification.1.ResourceType", "instance"), ("TagSpecification.1.Tag.1.Key", "Name"), ("TagSpecification.1.Tag.1.Value", "web")))[0];
        var view = world.Client.View;

        var instance = view.Get(ComputeKinds.Instance, "default", id)!;
        Assert.Equal(AwsWorld.NodeName, instance.Spec.NodeName);
        Assert.Equal("web", instance.Spec.Tags!["Name"]);
        Assert.Equal("pending", instance.Status!.State);
        Assert.Equal([Instance.Finalizer], instance.Metadata.Finalizers);
        Assert.Equal("us-east-1", instance.Metadata.Labels!["topology.kubernetes.io/region"]);

        var volume = view.Get(StorageKinds.Volume, "default", instance.Spec.BlockDevices.Single().VolumeId)!;
        Assert.Equal(AwsWorld.ImageId, volume.Spec.ImageId);
        Assert.Equal(2, volume.Spec.SizeGib);
        Assert.Equal(id, volume.Spec.Attachment!.InstanceId);
        Assert.True(volume.Spec.Attachment.DeleteOnTermination);
        Assert.Equal([Volume.Finalizer], volume.Metadata.Finalizers);

        var nic = view.Get(NetworkingKinds.NetworkInterface, "default", instance.Spec.NetworkInterfaces.Single().NetworkInterfaceId)!;
        Assert.Equal(id, nic.Spec.Attachment!.InstanceId);
        Assert.Equal(AwsWorld.NodeName, nic.Spec.NodeName);
        Assert.Equal(instance.Status.PrivateIpAddress, nic.Spec.PrivateIpAddress);
        var claim = Assert.Single(view.List(NetworkingKinds.AddressClaim, "default"));
        Assert.Equal(nic.Spec.PrivateIpAddress, claim.Spec.Address);
        Assert.Equal(nic.Metadata.Uid, claim.Metadata.OwnerReferences!.Single().Uid);

        var secret = view.Get(CoreKinds.Secret, "default", $"{id}-user-data")!;
        Assert.Equal("#!/bin/sh"u8.ToArray(), secret.Data!["user-data"]);
        Assert.Equal(instance.Metadata.Uid, secret.Metadata.OwnerReferences!.Single().Uid);

        // Instance, volume, interface, claim, secret: five changes, one after the other and nothing between.
        Assert.Equal(revision + 5, view.Revision);
    }

    [Fact]
    public async Task Gives_every_instance_an_address_of_its_own()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.RunAsync(Ct, count: 5)));
        Assert.Equal(40, runs.SelectMany(r => r).Distinct().Count());
        var addresses = world.Client.View.List(NetworkingKinds.NetworkInterface, "default").Select(n => n.Spec.PrivateIpAddress).ToList();
        Assert.Equal(40, addresses.Distinct().Count());
        Assert.DoesNotContain(addresses, a => a is "172.31.0.0" or "172.31.0.1" or "172.31.0.2" or "172.31.0.3");
    }

    [Fact]
    public async Task A_full_subnet_says_so_and_changes_nothing()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var vpc = (await world.Ec2Async("DescribeVpcs", Ct)).Descendants("vpcId").First().Value;
        await world.Client.CreateAsync(NetworkingKinds.Subnet, new Subnet
        {
            Metadata = { Name = "subnet-0000000a", Namespace = "default", Labels = new() { ["topology.kubernetes.io/region"] = "us-east-1" } },
            Spec = { VpcId = vpc, CidrBlock = "172.31.254.0/28", AvailabilityZone = "us-east-1a" },
            Status = new(),
        }, Ct);
        await world.RunAsync(Ct, 11, ("SubnetId", "subnet-0000000a"));
        var before = world.Client.View.Revision;
        Assert.Equal("InsufficientFreeAddressesInSubnet", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), ("SubnetId", "subnet-0000000a")));
        Assert.Equal(before, world.Client.View.Revision);
        Assert.Equal("0", (await world.Ec2Async("DescribeSubnets", Ct, ("SubnetId.1", "subnet-0000000a"))).Descendants("availableIpAddressCount").Single().Value);
    }

    [Fact]
    public async Task Takes_the_address_asked_for_once()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct, 1, ("PrivateIpAddress", "172.31.0.77")))[0];
        Assert.Equal("172.31.0.77", world.Client.View.Get(ComputeKinds.Instance, "default", id)!.Status!.PrivateIpAddress);
        (string, string)[] same = [("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), ("PrivateIpAddress", "172.31.0.77")];
        Assert.Equal("InvalidIPAddress.InUse", await world.Ec2ErrorAsync("RunInstances", Ct, same));
        same[3] = ("PrivateIpAddress", "172.31.0.1");
        Assert.Equal("InvalidParameterValue", await world.Ec2ErrorAsync("RunInstances", Ct, same));
    }

    [Theory]
    [InlineData("InvalidAMIID.NotFound", "ImageId", "ami-00000000")]
    [InlineData("InvalidAMIID.Malformed", "ImageId", "debian")]
    [InlineData("InvalidInstanceType", "InstanceType", "t9.colossal")]
    [InlineData("InvalidKeyPair.NotFound", "KeyName", "nobody")]
    [InlineData("InvalidSubnetID.NotFound", "SubnetId", "subnet-00000000")]
    [InlineData("InvalidGroup.NotFound", "SecurityGroupId.1", "sg-00000000")]
    [InlineData("InvalidGroup.NotFound", "SecurityGroup.1", "nobody")]
    [InlineData("InvalidParameterValue", "Placement.AvailabilityZone", "us-east-1z")]
    [InlineData("InvalidUserData.Malformed", "UserData", "&&&")]
    [InlineData("InvalidParameterValue", "MinCount", "0")]
    [InlineData("InvalidParameterValue", "MinCount", "2")]
    [InlineData("InsufficientInstanceCapacity", "InstanceType", "m5.24xlarge")]
    [InlineData("UnsupportedOperation", "HibernationOptions.Configured", "true")]
    [InlineData("UnsupportedOperation", "IamInstanceProfile.Name", "x")]
    [InlineData("UnsupportedOperation", "Placement.Tenancy", "dedicated")]
    [InlineData("InvalidParameterValue", "TagSpecification.1.ResourceType", "vpc")]
    public async Task Refuses_what_cannot_be(string code, string name, string value)
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.Ec2Async("DescribeVpcs", Ct);
        var before = world.Client.View.Revision;
        var parameters = new Dictionary<string, string> { ["ImageId"] = AwsWorld.ImageId, ["InstanceType"] = "t3.micro", ["MinCount"] = "1", ["MaxCount"] = "1" };
        parameters[name] = value;
        Assert.Equal(code, await world.Ec2ErrorAsync("RunInstances", Ct, [.. parameters.Select(p => (p.Key, p.Value))]));
        Assert.Equal(before, world.Client.View.Revision);
    }

    [Fact]
    public async Task Launches_as_many_as_fit_but_not_fewer_than_the_minimum()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        (string, string)[] parameters = [("ImageId", AwsWorld.ImageId), ("InstanceType", "m5.large"), ("MinCount", "20"), ("MaxCount", "100")];
        Assert.InRange((await world.Ec2Async("RunInstances", Ct, parameters)).Descendants("instanceId").Count(), 20, 32);
        parameters[2] = ("MinCount", "1");
        Assert.Equal("InsufficientInstanceCapacity", await world.Ec2ErrorAsync("RunInstances", Ct, parameters));
    }

    [Fact]
    public async Task Sizes_disks_by_the_request()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        var id = (await world.RunAsync(Ct, 1,
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "20"), ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
            ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.2.Ebs.VolumeSize", "5"), ("BlockDeviceMapping.2.Ebs.VolumeType", "gp2")))[0];
        var volumes = (await world.Ec2Async("DescribeVolumes", Ct, ("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", id))).Descendants("size").Select(e => e.Value);
        Assert.Equal(["20", "5"], volumes.OrderBy(v => v));
        Assert.Equal("InvalidBlockDeviceMapping", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "1")));
    }

    [Fact]
    public async Task A_dry_run_does_every_check_and_nothing_else()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.Ec2Async("DescribeVpcs", Ct);
        var before = world.Client.View.Revision;
        Assert.Equal("DryRunOperation", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", AwsWorld.ImageId), ("MinCount", "1"), ("MaxCount", "1"), ("DryRun", "true"), ("ClientToken", "x")));
        Assert.Equal("InvalidAMIID.NotFound", await world.Ec2ErrorAsync("RunInstances", Ct, ("ImageId", "ami-00000000"), ("MinCount", "1"), ("MaxCount", "1"), ("DryRun", "true")));
        Assert.Equal(before, world.Client.View.Revision);
    }

    [Fact]
    public async Task A_region_lists_only_its_own()
    {
        await using var world = await AwsWorld.StartAsync(Ct);
        await world.RunAsync(Ct);
        using var response = await world.SendAsync("ec2", "Action=DescribeInstances&Version=2016-11-15"u8.ToArray(), Ct, region: "eu-central-1");
        Assert.DoesNotContain("instanceId", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Single((await world.Ec2Async("DescribeInstances", Ct)).Descendants("instanceId"));
    }
}

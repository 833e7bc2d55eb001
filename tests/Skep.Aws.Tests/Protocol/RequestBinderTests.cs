using System.Text;
using Skep.Aws.Ec2;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Protocol;

namespace Skep.Aws.Tests.Protocol;

public sealed class RequestBinderTests
{
    private const string Run = "Action=RunInstances&Version=2016-11-15&ImageId=ami-01234567&MinCount=1&MaxCount=2";

    [Fact]
    public void Binds_lists_by_their_indexes_whatever_their_order_and_gaps()
    {
        var request = (DescribeInstancesRequest)Bind("DescribeInstances", "InstanceId.10=i-0000000a&InstanceId.2=i-00000002&InstanceId.7=i-00000007");
        Assert.Equal(["i-00000002", "i-00000007", "i-0000000a"], request.InstanceIds);
    }

    [Fact]
    public void Binds_nested_structures()
    {
        var request = (RunInstancesRequest)Bind("RunInstances", Run + "&BlockDeviceMapping.1.DeviceName=/dev/xvda&BlockDeviceMapping.1.Ebs.VolumeSize=8&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a%20b");
        Assert.Equal(8, request.BlockDeviceMappings![0].Ebs!.VolumeSize);
        Assert.Equal("a b", request.TagSpecifications![0].Tags![0].Value);
    }

    [Theory]
    [InlineData("&Colour=red", "UnknownParameter")]
    [InlineData("&Placement.Colour=red", "UnknownParameter")]
    [InlineData("&ImageId.1=x", "UnknownParameter")]
    [InlineData("&BlockDeviceMapping.x.DeviceName=a", "UnknownParameter")]
    [InlineData("&BlockDeviceMapping.-1.DeviceName=a", "UnknownParameter")]
    [InlineData("&BlockDeviceMapping.99999999999.DeviceName=a", "UnknownParameter")]
    [InlineData("&BlockDeviceMapping=a", "InvalidParameterValue")]
    [InlineData("&Placement=a", "InvalidParameterValue")]
    [InlineData("&EbsOptimized=yes", "InvalidParameterValue")]
    [InlineData("&Ipv6AddressCount=many", "InvalidParameterValue")]
    [InlineData("&Ipv6AddressCount=1e3", "InvalidParameterValue")]
    [InlineData("&Ipv6AddressCount=4294967296", "InvalidParameterValue")]
    [InlineData("&InstanceInitiatedShutdownBehavior=explode", "InvalidParameterValue")]
    [InlineData("&KeyName=a%00b", "InvalidParameterValue")]
    [InlineData("&SubnetId=subnet-xyz", "InvalidSubnetID.Malformed")]
    [InlineData("&SecurityGroupId.1=sg-12", "InvalidGroupId.Malformed")]
    [InlineData("&NetworkInterface.1.SubnetId=vpc-01234567", "InvalidSubnetID.Malformed")]
    [InlineData("&BlockDeviceMapping.1.Ebs.SnapshotId=snap-ABCDEF01", "InvalidSnapshotID.Malformed")]
    public void Refuses_what_the_model_does_not_allow(string more, string code) =>
        Assert.Equal(code, Assert.Throws<AwsException>(() => Bind("RunInstances", Run + more)).Code);

    [Fact]
    public void Says_which_required_parameter_is_missing()
    {
        var error = Assert.Throws<AwsException>(() => Bind("RunInstances", "ImageId=ami-01234567&MinCount=1"));
        Assert.Equal("MissingParameter", error.Code);
        Assert.Contains("MaxCount", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_lists_longer_than_a_thousand()
    {
        var form = string.Join('&', Enumerable.Range(1, 2_000).Select(i => $"InstanceId.{i}=i-{i:x8}"));
        Assert.Equal("InvalidParameterValue", Assert.Throws<AwsException>(() => Bind("DescribeInstances", form)).Code);
    }

    [Fact]
    public void Any_parameters_are_bound_or_refused_with_a_clients_error()
    {
        var random = new Random(11);
        var input = Ec2Service.Instance.Find("RunInstances")!.Input!;
        var names = input.Members.Select(m => m.NameIn).ToArray();
        string[] values = ["", "1", "true", "-", "x", "i-00000000", "2026-01-02T03:04:05Z", "é", "99999999999999999999"];
        for (var round = 0; round < 3_000; round++)
        {
            var form = string.Join('&', Enumerable.Range(0, random.Next(6)).Select(i =>
                $"{names[random.Next(names.Length)]}{(random.Next(2) == 0 ? "" : $".{random.Next(3)}")}{(random.Next(3) == 0 ? ".Name" : "")}={values[random.Next(values.Length)]}"));
            try
            {
                Bind("RunInstances", form);
            }
            catch (AwsException ex)
            {
                Assert.Equal(400, ex.Status);
            }
        }
    }

    private static Structure Bind(string operation, string form)
    {
        var root = new FormNode();
        FormReader.Read(Encoding.UTF8.GetBytes(form), root);
        return new RequestBinder(Ec2Service.Instance).Bind(Ec2Service.Instance.Find(operation)!.Input!, root);
    }
}

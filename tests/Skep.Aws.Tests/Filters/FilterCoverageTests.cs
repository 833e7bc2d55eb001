using Microsoft.Extensions.DependencyInjection;

namespace Skep.Aws.Tests.Filters;

public sealed class FilterCoverageTests
{
    [Fact]
    public async Task Every_documented_filter_of_a_served_operation_leads_somewhere()
    {
        await using var world = await AwsWorld.StartAsync(TestContext.Current.CancellationToken);
        var unresolved = ServedOperations.Create(world.Services)
            .SelectMany(o => o.Handler.UnresolvedFilters(o.Model).Select(f => $"{o.Name} {f}"));
        Assert.True(!unresolved.Any(), string.Join("\n", unresolved));
    }

    [Theory]
    [InlineData("DescribeInstances", "instance-state-name", "State.Name")]
    [InlineData("DescribeInstances", "block-device-mapping.volume-id", "BlockDeviceMappings.Ebs.VolumeId")]
    [InlineData("DescribeInstances", "network-interface.addresses.private-ip-address", "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress")]
    [InlineData("DescribeInstances", "availability-zone", "Placement.AvailabilityZone")]
    [InlineData("DescribeVolumes", "attachment.instance-id", "Attachments.InstanceId")]
    [InlineData("DescribeSubnets", "default-for-az", "DefaultForAz")]
    [InlineData("DescribeInstanceTypes", "processor-info.supported-architecture", "ProcessorInfo.SupportedArchitectures")]
    public async Task A_filter_leads_to_the_member_of_its_name(string operation, string filter, string member)
    {
        await using var world = await AwsWorld.StartAsync(TestContext.Current.CancellationToken);
        var served = ServedOperations.Create(world.Services).Single(o => o.Name == operation);
        Assert.Equal(member, served.Handler.ResolvedFilters(served.Model)[filter]);
    }
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Aws.Filters;
using Skep.Networking.Controllers;

namespace Skep.Aws.Ec2;

/// <summary>Lists subnets with their free addresses.</summary>
internal sealed class DescribeSubnets(RegionDefaults network) : DescribeOperation<DescribeSubnetsRequest, DescribeSubnetsResult, Subnet>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Subnet>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<Subnet>>(StringComparer.Ordinal)
        {
            // Spellings that EC2 accepts beside the documented ones.
            ["availabilityZone"] = (s, _) => [s.AvailabilityZone],
            ["cidr"] = (s, _) => [s.CidrBlock],
            ["cidrBlock"] = (s, _) => [s.CidrBlock],
            ["defaultForAz"] = (s, _) => [s.DefaultForAz is true ? "true" : "false"],
        };

    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(DescribeSubnetsRequest request, AwsCall call, CancellationToken ct) =>
        await network.EnsureAsync(call.Namespace, call.Region, ct);

    /// <inheritdoc/>
    protected override IEnumerable<Subnet> Items(DescribeSubnetsRequest request, AwsCall call, string? after) =>
        Selection.Of(call, NetworkingKinds.Subnet, request.SubnetIds, after, Ec2Errors.SubnetNotFound).Select(s => Map(s, call));

    /// <inheritdoc/>
    protected override string KeyOf(Subnet item) => item.SubnetId!;

    /// <inheritdoc/>
    protected override DescribeSubnetsResult Respond(List<Subnet> items, AwsCall call) => new() { Subnets = items };

    private static Subnet Map(SubnetResource subnet, AwsCall call) => new()
    {
        SubnetId = subnet.Metadata.Name,
        SubnetArn = call.Ec2Arn("subnet", subnet.Metadata.Name),
        OwnerId = call.AccountId,
        VpcId = subnet.Spec.VpcId,
        CidrBlock = subnet.Spec.CidrBlock,
        AvailabilityZone = subnet.Spec.AvailabilityZone,
        AvailabilityZoneId = RegionCatalog.ZoneId(subnet.Spec.AvailabilityZone),
        AvailableIpAddressCount = (int)new AddressPool(call, subnet).FreeCount,
        DefaultForAz = subnet.Spec.DefaultForAz,
        MapPublicIpOnLaunch = subnet.Spec.MapPublicIpOnLaunch,
        MapCustomerOwnedIpOnLaunch = false,
        AssignIpv6AddressOnCreation = false,
        Ipv6CidrBlockAssociationSet = [],
        Ipv6Native = false,
        EnableDns64 = false,
        PrivateDnsNameOptionsOnLaunch = new PrivateDnsNameOptionsOnLaunch
        {
            HostnameType = "ip-name", EnableResourceNameDnsARecord = false, EnableResourceNameDnsAAAARecord = false,
        },
        State = subnet.Status?.State ?? "available",
        Tags = Tagging.ToWire(subnet.Spec.Tags),
    };
}

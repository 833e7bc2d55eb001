using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Instances;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2;

/// <summary>Lists network interfaces.</summary>
internal sealed class DescribeNetworkInterfaces
    : DescribeOperation<DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult, NetworkInterface>
{
    /// <inheritdoc/>
    protected override bool IdsExcludePaging => true;

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<NetworkInterface>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<NetworkInterface>>(StringComparer.Ordinal)
        {
            ["addresses.private-ip-address"] = (n, _) => n.PrivateIpAddresses?.Select(a => a.PrivateIpAddress) ?? [],
            ["addresses.primary"] = (n, _) => n.PrivateIpAddresses?.Select(a => a.Primary is true ? "true" : "false") ?? [],
            ["addresses.association.owner-id"] = (n, _) => n.PrivateIpAddresses?.Select(a => a.Association?.IpOwnerId) ?? [],
            ["addresses.association.public-ip"] = (n, _) => n.PrivateIpAddresses?.Select(a => a.Association?.PublicIp) ?? [],
            ["private-ip-address"] = (n, _) => [n.PrivateIpAddress],
            ["private-dns-name"] = (n, _) => [n.PrivateDnsName],
            ["group-id"] = (n, _) => n.Groups?.Select(g => g.GroupId) ?? [],
            ["group-name"] = (n, _) => n.Groups?.Select(g => g.GroupName) ?? [],
        };

    /// <inheritdoc/>
    protected override IEnumerable<NetworkInterface> Items(DescribeNetworkInterfacesRequest request, AwsCall call, string? after)
    {
        var mapper = new InstanceMapper(call);
        return Selection.Of(call, NetworkingKinds.NetworkInterface, request.NetworkInterfaceIds, after, Ec2Errors.NetworkInterfaceNotFound)
            .Select(n => Map(n, call, mapper));
    }

    /// <inheritdoc/>
    protected override string KeyOf(NetworkInterface item) => item.NetworkInterfaceId!;

    /// <inheritdoc/>
    protected override DescribeNetworkInterfacesResult Respond(List<NetworkInterface> items, AwsCall call) => new() { NetworkInterfaces = items };

    private static NetworkInterface Map(NetworkInterfaceResource nic, AwsCall call, InstanceMapper mapper)
    {
        var spec = nic.Spec;
        var name = InstanceMapper.PrivateDnsName(spec.PrivateIpAddress, call.Region);
        return new NetworkInterface
        {
            NetworkInterfaceId = nic.Metadata.Name,
            Description = spec.Description ?? "",
            InterfaceType = "interface",
            OwnerId = call.AccountId,
            VpcId = spec.VpcId,
            SubnetId = spec.SubnetId,
            AvailabilityZone = spec.AvailabilityZone,
            AvailabilityZoneId = RegionCatalog.ZoneId(spec.AvailabilityZone),
            MacAddress = spec.MacAddress,
            PrivateIpAddress = spec.PrivateIpAddress,
            PrivateDnsName = name,
            PrivateIpAddresses = [new NetworkInterfacePrivateIpAddress { PrivateIpAddress = spec.PrivateIpAddress, PrivateDnsName = name, Primary = true }],
            Ipv6Addresses = [],
            Groups = mapper.Groups(spec.Groups),
            SourceDestCheck = spec.SourceDestCheck,
            RequesterManaged = false,
            Status = nic.Status?.State is "in-use" || spec.Attachment is not null ? "in-use" : nic.Status?.State ?? "pending",
            TagSet = Tagging.ToWire(spec.Tags) ?? [],
            Attachment = spec.Attachment is not { } attachment ? null : new NetworkInterfaceAttachment
            {
                AttachmentId = attachment.AttachmentId,
                InstanceId = attachment.InstanceId,
                InstanceOwnerId = call.AccountId,
                DeviceIndex = attachment.DeviceIndex,
                NetworkCardIndex = 0,
                AttachTime = attachment.AttachTime,
                DeleteOnTermination = attachment.DeleteOnTermination,
                Status = nic.Status?.State is "in-use" ? "attached" : "attaching",
            },
        };
    }
}

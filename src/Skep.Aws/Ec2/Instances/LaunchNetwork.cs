using System.Net;
using Skep.Aws.Dispatch;
using Skep.Networking.Addresses;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Where in the network an instance is launched.</summary>
internal static class LaunchNetwork
{
    /// <summary>The subnet named, or the default one (of a zone).</summary>
    public static SubnetResource Subnet(AwsCall call, string? id, string? zone)
    {
        if (id is not null)
        {
            var subnet = call.Find(NetworkingKinds.Subnet, id) ?? throw Ec2Errors.SubnetNotFound(id);
            if (zone is not null && subnet.Spec.AvailabilityZone != zone)
                throw Ec2Errors.InvalidValue("Placement.AvailabilityZone", zone, $"subnet {id} is in {subnet.Spec.AvailabilityZone}");
            return subnet;
        }

        if (zone is not null && !Regions.RegionCatalog.Zones(call).Contains(zone))
            throw Ec2Errors.ZoneNotFound(zone);
        var vpc = call.List(NetworkingKinds.Vpc, after: null).FirstOrDefault(v => v.Spec.IsDefault) ?? throw Ec2Errors.NoDefaultVpc();
        return call.List(NetworkingKinds.Subnet, after: null)
            .Where(s => s.Spec.VpcId == vpc.Metadata.Name && s.Spec.DefaultForAz && (zone is null || s.Spec.AvailabilityZone == zone))
            .OrderBy(s => s.Spec.AvailabilityZone, StringComparer.Ordinal)
            .FirstOrDefault() ?? throw Ec2Errors.NoDefaultSubnet(zone ?? call.Region);
    }

    /// <summary>The security groups named by id or by name, or the VPC's default group.</summary>
    public static List<string> Groups(AwsCall call, SubnetResource subnet, IReadOnlyList<string>? ids, IReadOnlyList<string>? names)
    {
        var vpc = subnet.Spec.VpcId;
        var result = new List<string>();
        foreach (var id in ids ?? [])
        {
            var group = call.Find(NetworkingKinds.SecurityGroup, id) ?? throw Ec2Errors.SecurityGroupNotFound(id);
            if (group.Spec.VpcId != vpc)
                throw new Protocol.AwsException("InvalidParameter", 400, $"Security group {id} and subnet {subnet.Metadata.Name} belong to different networks.");
            result.Add(id);
        }

        foreach (var name in names ?? [])
            result.Add(ByName(call, vpc, name) ?? throw Ec2Errors.SecurityGroupNotFound(name));
        if (result.Count == 0)
            result.Add(ByName(call, vpc, "default") ?? throw Ec2Errors.SecurityGroupNotFound("default"));
        return [.. result.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The address asked for, checked; null to choose one.</summary>
    public static IPAddress? Address(AwsCall call, SubnetResource subnet, string? text, int count)
    {
        if (text is null)
            return null;
        if (count != 1)
            throw Ec2Errors.InvalidCombination("A private address can be given to one instance only.");
        if (!Ipv4.TryParseNetwork(subnet.Spec.CidrBlock, out var network) || !Ipv4.TryParseAddress(text, out var address) || !SubnetLayout.IsUsable(network, address))
            throw Ec2Errors.AddressOutsideSubnet(text, subnet.Metadata.Name);
        if (call.View.Get(NetworkingKinds.AddressClaim.Key(call.Namespace, AddressAllocator.ClaimName(subnet.Metadata.Name, address))) is not null)
            throw Ec2Errors.AddressInUse(text);
        return address;
    }

    private static string? ByName(AwsCall call, string vpc, string name) =>
        call.List(NetworkingKinds.SecurityGroup, after: null).FirstOrDefault(g => g.Spec.VpcId == vpc && g.Spec.GroupName == name)?.Metadata.Name;
}

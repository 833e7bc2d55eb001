using System.Net;
using Skep.Core.Resources;
using Skep.Networking.Addresses;

namespace Skep.Networking.Kinds;

/// <summary>The rules of this group's documents that a document alone can break. Limits are AWS's.</summary>
internal static class NetworkingRules
{
    /// <summary>The largest VPC or subnet.</summary>
    public const int PrefixLengthMin = 16;

    /// <summary>The smallest VPC or subnet.</summary>
    public const int PrefixLengthMax = 28;

    private const int GroupNameLengthMax = 255;
    private const int GroupsMax = 16;
    private const int RulesMax = 1_000;
    private const int PortMax = 65_535;
    private const int IcmpMax = 255;

    public static IEnumerable<FieldError> Check(Vpc vpc, Vpc? old) =>
    [
        .. CheckRange("spec.cidrBlock", vpc.Spec.CidrBlock),
        .. CheckFixed("spec.cidrBlock", vpc.Spec.CidrBlock, old?.Spec.CidrBlock),
    ];

    public static IEnumerable<FieldError> Check(Subnet subnet, Subnet? old) =>
    [
        .. CheckRequired("spec.vpcId", subnet.Spec.VpcId),
        .. CheckRequired("spec.availabilityZone", subnet.Spec.AvailabilityZone),
        .. CheckRange("spec.cidrBlock", subnet.Spec.CidrBlock),
        .. CheckFixed("spec.vpcId", subnet.Spec.VpcId, old?.Spec.VpcId),
        .. CheckFixed("spec.cidrBlock", subnet.Spec.CidrBlock, old?.Spec.CidrBlock),
    ];

    public static IEnumerable<FieldError> Check(SecurityGroup group, SecurityGroup? old) =>
    [
        .. CheckRequired("spec.groupName", group.Spec.GroupName),
        .. group.Spec.GroupName.Length > GroupNameLengthMax ? [Invalid("spec.groupName", $"must have at most {GroupNameLengthMax} characters")] : Array.Empty<FieldError>(),
        .. CheckRequired("spec.vpcId", group.Spec.VpcId),
        .. CheckFixed("spec.vpcId", group.Spec.VpcId, old?.Spec.VpcId),
        .. CheckRules("spec.ingress", group.Spec.Ingress),
        .. CheckRules("spec.egress", group.Spec.Egress),
    ];

    public static IEnumerable<FieldError> Check(NetworkInterface i, NetworkInterface? old)
    {
        var spec = i.Spec;
        foreach (var error in CheckRequired("spec.vpcId", spec.VpcId).Concat(CheckRequired("spec.subnetId", spec.SubnetId)))
            yield return error;
        if (!Ipv4.TryParseAddress(spec.PrivateIpAddress, out _))
            yield return Invalid("spec.privateIpAddress", $"\"{spec.PrivateIpAddress}\" is not an IPv4 address such as 172.31.0.5");
        if (!MacAddress.TryParse(spec.MacAddress, out _))
            yield return Invalid("spec.macAddress", $"\"{spec.MacAddress}\" is not a unicast MAC address in lower case such as 0a:1b:2c:3d:4e:5f");
        if (spec.Groups.Count > GroupsMax)
            yield return Invalid("spec.groups", $"must have at most {GroupsMax} items, has {spec.Groups.Count}");
        if (spec.Attachment is { InstanceId: "" })
            yield return Required("spec.attachment.instanceId");
        foreach (var error in CheckFixed("spec.vpcId", spec.VpcId, old?.Spec.VpcId)
            .Concat(CheckFixed("spec.subnetId", spec.SubnetId, old?.Spec.SubnetId))
            .Concat(CheckFixed("spec.privateIpAddress", spec.PrivateIpAddress, old?.Spec.PrivateIpAddress)))
        {
            yield return error;
        }
    }

    public static IEnumerable<FieldError> Check(AddressClaim claim, AddressClaim? old)
    {
        var spec = claim.Spec;
        if (!Ipv4.TryParseAddress(spec.Address, out var address))
            yield return Invalid("spec.address", $"\"{spec.Address}\" is not an IPv4 address such as 172.31.0.5");
        else if (claim.Metadata.Name != AddressAllocator.ClaimName(spec.SubnetId, address))
            yield return Invalid("metadata.name", $"must be {AddressAllocator.ClaimName(spec.SubnetId, address)}: the name is what makes an address unique");
        foreach (var error in CheckRequired("spec.networkInterfaceId", spec.NetworkInterfaceId))
            yield return error;
        foreach (var error in CheckFixed("spec.networkInterfaceId", spec.NetworkInterfaceId, old?.Spec.NetworkInterfaceId))
            yield return error;
    }

    private static IEnumerable<FieldError> CheckRules(string field, List<SecurityGroupRule> rules)
    {
        if (rules.Count > RulesMax)
            yield return Invalid(field, $"must have at most {RulesMax} rules, has {rules.Count}");
        foreach (var error in rules.SelectMany((rule, index) => CheckRule($"{field}[{index}]", rule)))
            yield return error;
    }

    private static IEnumerable<FieldError> CheckRule(string field, SecurityGroupRule rule)
    {
        var protocol = IpProtocols.NumberOf(rule.IpProtocol);
        if (protocol is null)
            yield return new(field + ".ipProtocol", FieldErrorReason.NotSupported, $"\"{rule.IpProtocol}\" is not tcp, udp, icmp, icmpv6, -1 or a protocol number");
        if (rule.CidrIpv4 is not null && rule.ReferencedGroupId is not null)
            yield return new(field, FieldErrorReason.Forbidden, "cidrIpv4 and referencedGroupId exclude each other");
        if (rule.CidrIpv4 is not null && !Ipv4.TryParseNetwork(rule.CidrIpv4, out _))
            yield return Invalid(field + ".cidrIpv4", $"\"{rule.CidrIpv4}\" is not an IPv4 range with zero host bits such as 10.0.0.0/8");
        if (rule.ReferencedGroupId is "")
            yield return Required(field + ".referencedGroupId");
        var max = protocol switch
        {
            IpProtocols.Tcp or IpProtocols.Udp => PortMax,
            IpProtocols.Icmp or IpProtocols.Icmpv6 => IcmpMax,
            _ => (int?)null,
        };
        if (max is null)
            yield break;
        if (rule.FromPort is { } from && (from < -1 || from > max))
            yield return Invalid(field + ".fromPort", $"{from} is not -1 to {max}");
        if (rule.ToPort is { } to && (to < -1 || to > max))
            yield return Invalid(field + ".toPort", $"{to} is not -1 to {max}");
        if (max == PortMax && (rule.FromPort ?? 0) > (rule.ToPort is null or -1 ? PortMax : rule.ToPort.Value))
            yield return Invalid(field + ".fromPort", $"{rule.FromPort} is above toPort {rule.ToPort}");
    }

    private static IEnumerable<FieldError> CheckRange(string field, string text)
    {
        if (!Ipv4.TryParseNetwork(text, out var range))
            yield return Invalid(field, $"\"{text}\" is not an IPv4 range with zero host bits such as 172.31.0.0/16");
        else if (range.PrefixLength is < PrefixLengthMin or > PrefixLengthMax)
            yield return Invalid(field, $"{range} is not between /{PrefixLengthMin} and /{PrefixLengthMax}");
        else if (IsSpecial(range))
            yield return Invalid(field, $"{range} has addresses that machines cannot have (loopback, link-local, multicast or reserved)");
    }

    /// <summary>Ranges of RFC 6890 that no network of machines can be made of.</summary>
    private static bool IsSpecial(IPNetwork range) =>
        Ipv4.ToNumber(range.BaseAddress) >> 24 is 0 or 127 or >= 224 || Ipv4.Overlap(range, new IPNetwork(new IPAddress([169, 254, 0, 0]), 16));

    private static IEnumerable<FieldError> CheckRequired(string field, string value) => value.Length == 0 ? [Required(field)] : [];

    private static IEnumerable<FieldError> CheckFixed(string field, string value, string? old) =>
        old is null || old == value ? [] : [new(field, FieldErrorReason.Forbidden, $"cannot be changed from \"{old}\"")];

    private static FieldError Required(string field) => new(field, FieldErrorReason.Required, "is required");

    private static FieldError Invalid(string field, string message) => new(field, FieldErrorReason.Invalid, message);
}

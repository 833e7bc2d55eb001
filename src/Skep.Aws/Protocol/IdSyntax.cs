using System.Buffers;
using System.Collections.Frozen;

namespace Skep.Aws.Protocol;

/// <summary>
/// The form of EC2 ids: a prefix and 8 or 17 lower-case hex digits. Which member holds which id follows from the
/// member's name, wherever it occurs.
/// </summary>
internal sealed class IdSyntax
{
    private static readonly SearchValues<char> _hexDigits = SearchValues.Create("0123456789abcdef");

    private static readonly FrozenDictionary<string, IdSyntax> _byMember = new Dictionary<string, IdSyntax>(StringComparer.Ordinal)
    {
        ["InstanceId"] = new("i", "InvalidInstanceID.Malformed"),
        ["ImageId"] = new("ami", "InvalidAMIID.Malformed"),
        ["KeyPairId"] = new("key", "InvalidKeyPair.Format"),
        ["GroupId"] = new("sg", "InvalidGroupId.Malformed"),
        ["SecurityGroupId"] = new("sg", "InvalidGroupId.Malformed"),
        ["SecurityGroupRuleId"] = new("sgr", "InvalidSecurityGroupRuleId.Malformed"),
        ["VolumeId"] = new("vol", "InvalidVolumeID.Malformed"),
        ["SnapshotId"] = new("snap", "InvalidSnapshotID.Malformed"),
        ["ReplaceRootVolumeTaskId"] = new("replacevol", "InvalidReplaceRootVolumeTaskId.Malformed"),
        ["VpcId"] = new("vpc", "InvalidVpcID.Malformed"),
        ["SubnetId"] = new("subnet", "InvalidSubnetID.Malformed"),
        ["InternetGatewayId"] = new("igw", "InvalidInternetGatewayId.Malformed"),
        ["RouteTableId"] = new("rtb", "InvalidRouteTableId.Malformed"),
        ["AllocationId"] = new("eipalloc", "InvalidAllocationID.Malformed"),
        ["NetworkInterfaceId"] = new("eni", "InvalidNetworkInterfaceId.Malformed"),
        ["NatGatewayId"] = new("nat", "NatGatewayMalformed"),
        ["LaunchTemplateId"] = new("lt", "InvalidLaunchTemplateId.Malformed"),
        ["NetworkAclId"] = new("acl", "InvalidNetworkAclId.Malformed"),
        ["DhcpOptionsId"] = new("dopt", "InvalidDhcpOptionsId.Malformed"),
        ["PrefixListId"] = new("pl", "InvalidPrefixListId.Malformed"),
        ["VpcPeeringConnectionId"] = new("pcx", "InvalidVpcPeeringConnectionId.Malformed"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly string _code;

    private IdSyntax(string prefix, string code)
    {
        Prefix = prefix;
        _code = code;
    }

    /// <summary>What stands before the dash: "i".</summary>
    public string Prefix { get; }

    /// <summary>The syntax of a member's value, or null when it is no id.</summary>
    public static IdSyntax? For(string parentPath, string member)
    {
        // Placement.GroupId is a placement group; everywhere else a GroupId is a security group.
        if (member == "GroupId" && parentPath.EndsWith("Placement", StringComparison.Ordinal))
            return null;
        return _byMember.GetValueOrDefault(member);
    }

    /// <summary>Whether a text has the form of an id with a prefix.</summary>
    public static bool IsId(string prefix, ReadOnlySpan<char> text)
    {
        if (text.Length <= prefix.Length + 1 || !text.StartsWith(prefix) || text[prefix.Length] != '-')
            return false;
        var digits = text[(prefix.Length + 1)..];
        return digits.Length is 8 or 17 && !digits.ContainsAnyExcept(_hexDigits);
    }

    /// <exception cref="AwsException">The resource's …Malformed code.</exception>
    public void Check(string text)
    {
        if (!IsId(Prefix, text))
            throw new AwsException(_code, 400, $"Invalid id: \"{text}\" (expecting \"{Prefix}-...\")");
    }
}

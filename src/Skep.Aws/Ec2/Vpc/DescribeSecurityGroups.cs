using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;
using Skep.Networking.Controllers;

namespace Skep.Aws.Ec2;

/// <summary>Lists security groups with their rules, gathered by protocol and ports.</summary>
internal sealed class DescribeSecurityGroups(RegionDefaults network)
    : DescribeOperation<DescribeSecurityGroupsRequest, DescribeSecurityGroupsResult, SecurityGroup>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<SecurityGroup>> FilterOverrides { get; } = Rules();

    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(DescribeSecurityGroupsRequest request, AwsCall call, CancellationToken ct) =>
        await network.EnsureAsync(call.Namespace, call.Region, ct);

    /// <inheritdoc/>
    protected override IEnumerable<SecurityGroup> Items(DescribeSecurityGroupsRequest request, AwsCall call, string? after)
    {
        var ids = request.GroupIds?.ToList() ?? [];
        foreach (var name in request.GroupNames ?? [])
            ids.Add(InDefaultVpc(call, name) ?? throw Ec2Errors.SecurityGroupNotFound(name));
        return Selection.Of(call, NetworkingKinds.SecurityGroup, ids, after, Ec2Errors.SecurityGroupNotFound).Select(g => Map(g, call));
    }

    /// <inheritdoc/>
    protected override string KeyOf(SecurityGroup item) => item.GroupId!;

    /// <inheritdoc/>
    protected override DescribeSecurityGroupsResult Respond(List<SecurityGroup> items, AwsCall call) => new() { SecurityGroups = items };

    /// <summary>Names are looked up in the default VPC alone.</summary>
    private static string? InDefaultVpc(AwsCall call, string name)
    {
        var vpc = call.List(NetworkingKinds.Vpc, after: null).FirstOrDefault(v => v.Spec.IsDefault)?.Metadata.Name;
        return call.List(NetworkingKinds.SecurityGroup, after: null).FirstOrDefault(g => g.Spec.VpcId == vpc && g.Spec.GroupName == name)?.Metadata.Name;
    }

    private static SecurityGroup Map(SecurityGroupResource group, AwsCall call) => new()
    {
        GroupId = group.Metadata.Name,
        GroupName = group.Spec.GroupName,
        Description = group.Spec.Description,
        OwnerId = call.AccountId,
        VpcId = group.Spec.VpcId,
        SecurityGroupArn = call.Ec2Arn("security-group", group.Metadata.Name),
        IpPermissions = Permissions(group.Spec.Ingress, call),
        IpPermissionsEgress = Permissions(group.Spec.Egress, call),
        Tags = Tagging.ToWire(group.Spec.Tags),
    };

    private static List<IpPermission> Permissions(IEnumerable<Networking.Kinds.SecurityGroupRule> rules, AwsCall call) =>
    [
        .. rules.GroupBy(r => (r.IpProtocol, r.FromPort, r.ToPort)).Select(g => new IpPermission
        {
            IpProtocol = g.Key.IpProtocol,
            // All protocols have no ports to speak of, and EC2 leaves them out.
            FromPort = g.Key.IpProtocol is "-1" ? null : g.Key.FromPort,
            ToPort = g.Key.IpProtocol is "-1" ? null : g.Key.ToPort,
            IpRanges = [.. g.Where(r => r.CidrIpv4 is not null).Select(r => new IpRange { CidrIp = r.CidrIpv4, Description = r.Description })],
            UserIdGroupPairs =
            [
                .. g.Where(r => r.ReferencedGroupId is not null)
                    .Select(r => new UserIdGroupPair { GroupId = r.ReferencedGroupId, UserId = call.AccountId, Description = r.Description }),
            ],
            Ipv6Ranges = [],
            PrefixListIds = [],
        }),
    ];

    private static Dictionary<string, FilterRule<SecurityGroup>> Rules()
    {
        var rules = new Dictionary<string, FilterRule<SecurityGroup>>(StringComparer.Ordinal);
        Add("", g => g.IpPermissions ?? []);
        Add("egress.", g => g.IpPermissionsEgress ?? []);
        return rules;

        void Add(string prefix, Func<SecurityGroup, IEnumerable<IpPermission>> permissions)
        {
            rules[prefix + "ip-permission.cidr"] = (g, _) => permissions(g).SelectMany(p => p.IpRanges ?? []).Select(r => r.CidrIp);
            rules[prefix + "ip-permission.ipv6-cidr"] = (g, _) => permissions(g).SelectMany(p => p.Ipv6Ranges ?? []).Select(r => r.CidrIpv6);
            rules[prefix + "ip-permission.prefix-list-id"] = (g, _) => permissions(g).SelectMany(p => p.PrefixListIds ?? []).Select(r => r.PrefixListIdValue);
            rules[prefix + "ip-permission.from-port"] = (g, _) => permissions(g).Select(p => p.FromPort?.ToString());
            rules[prefix + "ip-permission.to-port"] = (g, _) => permissions(g).Select(p => p.ToPort?.ToString());
            rules[prefix + "ip-permission.protocol"] = (g, _) => permissions(g).Select(p => p.IpProtocol);
            rules[prefix + "ip-permission.group-id"] = (g, _) => permissions(g).SelectMany(p => p.UserIdGroupPairs ?? []).Select(r => r.GroupId);
            rules[prefix + "ip-permission.user-id"] = (g, _) => permissions(g).SelectMany(p => p.UserIdGroupPairs ?? []).Select(r => r.UserId);
            rules[prefix + "ip-permission.group-name"] = (g, call) => permissions(g)
                .SelectMany(p => p.UserIdGroupPairs ?? [])
                .Select(r => call.Find(NetworkingKinds.SecurityGroup, r.GroupId!)?.Spec.GroupName);
        }
    }
}

using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;

namespace Skep.Aws.Ec2.Instances;

/// <summary>Filters of DescribeInstances whose values are not members of an instance of the same name.</summary>
internal static class InstanceFilters
{
    public static IReadOnlyDictionary<string, FilterRule<Instance>> Rules { get; } = new Dictionary<string, FilterRule<Instance>>(StringComparer.Ordinal)
    {
        ["reservation-id"] = (i, call) => [InstanceMapper.ReservationOf(call.Find(ComputeKinds.Instance, i.InstanceId!)!)],
        ["owner-id"] = (_, call) => [call.AccountId],
        ["network-interface.attachment.instance-owner-id"] = (_, call) => [call.AccountId],
        ["launch-index"] = (i, _) => [$"{i.AmiLaunchIndex}"],
        ["dns-name"] = (i, _) => [i.PublicDnsName],
        ["ip-address"] = (i, _) => [i.PublicIpAddress],
        ["reason"] = (i, _) => [i.StateTransitionReason],
        ["product-code"] = (i, _) => i.ProductCodes?.Select(p => p.ProductCodeId) ?? [],
        ["instance.group-id"] = (i, _) => i.SecurityGroups?.Select(g => g.GroupId) ?? [],
        ["instance.group-name"] = (i, _) => i.SecurityGroups?.Select(g => g.GroupName) ?? [],
        ["group-id"] = (i, _) => i.SecurityGroups?.Select(g => g.GroupId) ?? [],
        ["group-name"] = (i, _) => i.SecurityGroups?.Select(g => g.GroupName) ?? [],
        ["metadata-options.http-protocol-ipv4"] = (i, _) => [i.MetadataOptions?.HttpEndpoint],
        ["network-interface.tag-key"] = (i, call) => InterfaceTags(i, call).Select(t => t.Key),
        ["network-interface.tag-value"] = (i, call) => InterfaceTags(i, call).Select(t => t.Value),
        ["network-interface.public-dns-name"] = (i, _) => i.NetworkInterfaces?.Select(n => n.Association?.PublicDnsName) ?? [],
        ["network-interface.requester-managed"] = (i, _) => i.NetworkInterfaces?.Select(_ => "false") ?? [],
        ["network-interface.ipv6-native"] = (i, _) => i.NetworkInterfaces?.Select(_ => "false") ?? [],
        ["network-interface.deny-all-igw-traffic"] = (i, _) => i.NetworkInterfaces?.Select(_ => "false") ?? [],
        // Nobody launches instances or makes interfaces on an account's behalf, and there are no elastic addresses.
        ["requester-id"] = FilterRules.Nothing,
        ["network-interface.requester-id"] = FilterRules.Nothing,
        ["network-interface.association.allocation-id"] = FilterRules.Nothing,
        ["network-interface.association.association-id"] = FilterRules.Nothing,
        ["network-interface.addresses.association.allocation-id"] = FilterRules.Nothing,
        ["network-interface.addresses.association.association-id"] = FilterRules.Nothing,
    };

    private static IEnumerable<KeyValuePair<string, string>> InterfaceTags(Instance instance, Dispatch.AwsCall call) =>
        (instance.NetworkInterfaces ?? []).SelectMany(n => call.Find(NetworkingKinds.NetworkInterface, n.NetworkInterfaceId!)?.Spec.Tags ?? []);
}

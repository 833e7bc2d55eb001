using System.Net;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;

namespace Skep.Networking.Agent;

/// <summary>Computes what a VPC needs on one node.</summary>
internal sealed class VpcPlanner(string nodeName, HostNames names)
{
    /// <summary>The plan of a VPC; null when nothing of it has to be on this node.</summary>
    /// <param name="view">The state to plan for.</param>
    /// <param name="vpc">The VPC's key; the resource may be gone.</param>
    /// <param name="problems">Interfaces that cannot be planned, and why.</param>
    public VpcPlan? Plan(View view, ResourceKey vpc, out IReadOnlyDictionary<ResourceKey, string> problems)
    {
        var faults = new Dictionary<ResourceKey, string>();
        problems = faults;
        var all = view.List(NetworkingKinds.NetworkInterface.GroupResource, vpc.Namespace, after: null)
            .Where(r => r.View(NetworkingKinds.NetworkInterface).Spec.VpcId == vpc.Name)
            .ToList();
        // The oldest first: of two that claim one address it keeps it.
        var here = all.Where(IsWantedHere).OrderBy(r => r.Metadata.CreationTimestamp).ThenBy(r => r.Key.Name, StringComparer.Ordinal).ToList();
        if (here.Count == 0)
            return null;
        if (view.Get(vpc) is not { } resource)
        {
            foreach (var r in here)
                faults[r.Key] = $"VPC {vpc.Name} does not exist";
            return null;
        }

        var spec = resource.View(NetworkingKinds.Vpc).Spec;
        if (!Ipv4.TryParseNetwork(spec.CidrBlock, out var cidr))
        {
            foreach (var r in here)
                faults[r.Key] = $"the range \"{spec.CidrBlock}\" of VPC {vpc.Name} is not an IPv4 range";
            return null;
        }

        var interfaces = new List<InterfacePlan>();
        foreach (var r in here)
        {
            if (PlanInterface(view, r, out var problem) is not { } plan)
                faults[r.Key] = problem!;
            else if (interfaces.Find(i => i.Address.Equals(plan.Address)) is { } other)
                faults[r.Key] = $"the address {plan.Address} is that of {other.Key.Name}";
            else
                interfaces.Add(plan);
        }

        if (interfaces.Count == 0)
            return null;
        return new VpcPlan
        {
            Vpc = vpc,
            Namespace = names.Namespace(vpc),
            HostDevice = names.HostDevice(vpc),
            Cidr = cidr,
            Domain = InternalDns.DomainOf(resource.Metadata.Labels?.GetValueOrDefault(InternalDns.RegionLabel)),
            HasDns = spec.EnableDnsSupport,
            Interfaces = [.. interfaces.OrderBy(i => i.Device, StringComparer.Ordinal)],
            Groups = PlanGroups(view, vpc.Namespace, all, interfaces.SelectMany(i => i.Groups)),
            Addresses = AddressesOf(all).ToHashSet(),
        };
    }

    private bool IsWantedHere(Resource resource)
    {
        var spec = resource.View(NetworkingKinds.NetworkInterface).Spec;
        return spec.NodeName == nodeName && spec.Attachment is not null && resource.Metadata.DeletionTimestamp is null;
    }

    private InterfacePlan? PlanInterface(View view, Resource resource, out string? problem)
    {
        var spec = resource.View(NetworkingKinds.NetworkInterface).Spec;
        problem = null;
        if (view.Get(NetworkingKinds.Subnet, resource.Key.Namespace, spec.SubnetId) is not { } subnet)
            problem = $"subnet {spec.SubnetId} does not exist";
        else if (!Ipv4.TryParseNetwork(subnet.Spec.CidrBlock, out var range))
            problem = $"the range \"{subnet.Spec.CidrBlock}\" of subnet {spec.SubnetId} is not an IPv4 range";
        else if (!Ipv4.TryParseAddress(spec.PrivateIpAddress, out var address) || !SubnetLayout.IsUsable(range, address))
            problem = $"the address \"{spec.PrivateIpAddress}\" is not one of subnet {spec.SubnetId} ({range}) that an interface can have";
        else if (!MacAddress.TryParse(spec.MacAddress, out var mac))
            problem = $"\"{spec.MacAddress}\" is not a MAC address such as 0a:1b:2c:3d:4e:5f";
        else
        {
            return new InterfacePlan
            {
                Key = resource.Key,
                Device = names.Tap(resource.Key),
                Address = address,
                Mac = mac,
                Subnet = range,
                SourceDestCheck = spec.SourceDestCheck,
                Groups = [.. spec.Groups.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            };
        }

        return null;
    }

    private static List<SecurityGroupPlan> PlanGroups(View view, string ns, List<Resource> interfaces, IEnumerable<string> ids)
    {
        var members = interfaces
            .SelectMany(r => r.View(NetworkingKinds.NetworkInterface).Spec.Groups.Distinct(StringComparer.Ordinal).Select(group => (group, r)))
            .ToLookup(p => p.group, p => p.r, StringComparer.Ordinal);
        var plans = new List<SecurityGroupPlan>();
        foreach (var id in ids.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            // A group that does not exist (any more) allows nothing.
            var spec = view.Get(NetworkingKinds.SecurityGroup, ns, id)?.Spec ?? new SecurityGroupSpec();
            var referenced = spec.Ingress.Concat(spec.Egress).Select(rule => rule.ReferencedGroupId).OfType<string>().Distinct(StringComparer.Ordinal);
            plans.Add(new SecurityGroupPlan(id, spec.Ingress, spec.Egress)
            {
                Members = referenced.ToDictionary(
                    group => group,
                    IReadOnlyList<IPAddress> (group) => [.. AddressesOf(members[group]).DistinctBy(Ipv4.ToNumber).OrderBy(Ipv4.ToNumber)],
                    StringComparer.Ordinal),
            });
        }

        return plans;
    }

    private static IEnumerable<IPAddress> AddressesOf(IEnumerable<Resource> interfaces)
    {
        foreach (var r in interfaces)
        {
            if (r.Metadata.DeletionTimestamp is null && Ipv4.TryParseAddress(r.View(NetworkingKinds.NetworkInterface).Spec.PrivateIpAddress, out var address))
                yield return address;
        }
    }
}

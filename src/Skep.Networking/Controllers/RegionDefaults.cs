using System.Net;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;

namespace Skep.Networking.Controllers;

/// <summary>
/// The network that every region of a project has from the start, as in AWS: a default VPC, a subnet in each of three
/// zones, and the security group "default". Thread-safe.
/// </summary>
public sealed class RegionDefaults(ResourceClient client, SkepOptions options)
{
    /// <summary>The name of the group that interfaces get when none is named.</summary>
    public const string DefaultGroupName = "default";

    /// <summary>As AWS describes it.</summary>
    private const string DefaultGroupDescription = "default VPC security group";

    /// <summary>A default subnet's size, when the VPC has room for four of them.</summary>
    private const int SubnetPrefixLength = 20;

    private const int AttemptsMax = 16;
    private static readonly string[] _zones = ["a", "b", "c"];

    /// <summary>The default VPC of a region in a view; null when there is none.</summary>
    public static Resource? FindVpc(View view, string ns, string region) =>
        view.List(NetworkingKinds.Vpc.GroupResource, ns, after: null)
            .FirstOrDefault(r => r.View(NetworkingKinds.Vpc).Spec.IsDefault && r.Metadata.Labels?.GetValueOrDefault(InternalDns.RegionLabel) == region);

    /// <summary>The default subnet of a zone, of the first zone when none is given; null when there is none.</summary>
    public static Resource? FindSubnet(View view, Resource vpc, string? zone) =>
        view.List(NetworkingKinds.Subnet.GroupResource, vpc.Key.Namespace, after: null)
            .Where(r => r.View(NetworkingKinds.Subnet).Spec is { DefaultForAz: true } spec
                && spec.VpcId == vpc.Key.Name && (string.IsNullOrEmpty(zone) || spec.AvailabilityZone == zone))
            .OrderBy(r => r.View(NetworkingKinds.Subnet).Spec.AvailabilityZone, StringComparer.Ordinal)
            .FirstOrDefault();

    /// <summary>The group "default" of a VPC; null when there is none.</summary>
    public static Resource? FindGroup(View view, ResourceKey vpc) =>
        view.List(NetworkingKinds.SecurityGroup.GroupResource, vpc.Namespace, after: null)
            .FirstOrDefault(r => r.View(NetworkingKinds.SecurityGroup).Spec is { GroupName: DefaultGroupName } spec && spec.VpcId == vpc.Name);

    /// <summary>
    /// Makes the defaults of a region in one transaction, unless the region has a default VPC. Ids follow from the project
    /// and the region, so two callers at once make the same resources and the second finds those of the first.
    /// </summary>
    /// <returns>The default VPC's key.</returns>
    /// <exception cref="ResourceException">The project does not exist, or the configured range is no VPC's.</exception>
    public async Task<ResourceKey> EnsureAsync(string ns, string region, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var transaction = client.Begin();
            if (FindVpc(transaction.View, ns, region) is { } found)
                return found.Key;
            var vpc = Add(transaction, ns, region);
            try
            {
                await transaction.CommitAsync(ct);
                return vpc;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.AlreadyExists or ResourceError.Conflict && attempt < AttemptsMax)
            {
                // Somebody else makes them at this moment, or a part of an earlier set is being removed.
            }
        }
    }

    private ResourceKey Add(ResourceTransaction transaction, string ns, string region)
    {
        var project = transaction.View.Get(CoreKinds.Namespace.Key("", ns)) ?? throw ResourceException.NotFound(CoreKinds.Namespace.Key("", ns));
        if (!Ipv4.TryParseNetwork(options.VpcCidr, out var range))
            throw new ResourceException(ResourceError.Invalid, $"the range of default VPCs \"{options.VpcCidr}\" is not an IPv4 range such as 172.31.0.0/16");
        // The project's uid differs between installations, so their ids do too.
        var seed = $"{project.Metadata.Uid}/{region}";
        var vpc = transaction.Create(NetworkingKinds.Vpc, new Vpc
        {
            Metadata = Meta(Id("vpc", seed), ns, region),
            Spec = { CidrBlock = options.VpcCidr, IsDefault = true, EnableDnsHostnames = true },
            Status = new(),
        });
        var prefixLength = Math.Min(NetworkingRules.PrefixLengthMax, Math.Max(SubnetPrefixLength, range.PrefixLength + 2));
        for (var i = 0; i < _zones.Length; i++)
        {
            var part = new IPNetwork(Ipv4.At(range, (long)i << (32 - prefixLength)), prefixLength);
            if (!Ipv4.Contains(range, part))
                throw new ResourceException(ResourceError.Invalid, $"the range of default VPCs {range} has no room for {_zones.Length} subnets of /{prefixLength}");
            transaction.Create(NetworkingKinds.Subnet, new Subnet
            {
                Metadata = Meta(Id("subnet", $"{seed}{_zones[i]}"), ns, region),
                Spec = { VpcId = vpc.Name, CidrBlock = part.ToString(), AvailabilityZone = region + _zones[i], DefaultForAz = true, MapPublicIpOnLaunch = true },
                Status = new(),
            });
        }

        var group = Id("sg", seed);
        transaction.Create(NetworkingKinds.SecurityGroup, new SecurityGroup
        {
            Metadata = Meta(group, ns, region),
            Spec =
            {
                GroupName = DefaultGroupName,
                Description = DefaultGroupDescription,
                VpcId = vpc.Name,
                Ingress = [new() { RuleId = Id("sgr", seed + "/in"), IpProtocol = "-1", ReferencedGroupId = group }],
                Egress = [new() { RuleId = Id("sgr", seed + "/out"), IpProtocol = "-1", CidrIpv4 = "0.0.0.0/0" }],
            },
        });
        return vpc;
    }

    private static ObjectMeta Meta(string name, string ns, string region) =>
        new() { Name = name, Namespace = ns, Labels = new() { [InternalDns.RegionLabel] = region } };

    /// <summary>An id of AWS's form: 17 hexadecimal digits, the first a zero.</summary>
    private static string Id(string prefix, string seed) =>
        $"{prefix}-0{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{prefix}/{seed}")))[..16]}";
}

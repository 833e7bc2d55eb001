using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking.Addresses;
using Skep.Networking.Kinds;

namespace Skep.Aws.Ec2;

/// <summary>Makes default networks itself.</summary>
internal sealed class RegionNetwork(ResourceClient resources, SkepOptions options) : IRegionNetwork, IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    /// <inheritdoc/>
    public async ValueTask EnsureAsync(string ns, string region, CancellationToken ct)
    {
        if (HasDefault(ns, region))
            return;
        await _gate.WaitAsync(ct);
        try
        {
            if (HasDefault(ns, region))
                return;
            var transaction = resources.Begin();
            var vpc = new VpcResource { Metadata = Metadata("vpc"), Spec = { CidrBlock = options.VpcCidr, IsDefault = true, EnableDnsHostnames = true }, Status = new VpcStatus() };
            transaction.Create(NetworkingKinds.Vpc, vpc);
            Ipv4.TryParseNetwork(options.VpcCidr, out var range);
            transaction.Create(NetworkingKinds.Subnet, new SubnetResource
            {
                Metadata = Metadata("subnet"),
                Spec = { VpcId = vpc.Metadata.Name, CidrBlock = $"{range.BaseAddress}/20", AvailabilityZone = region + "a", DefaultForAz = true },
                Status = new SubnetStatus(),
            });
            var group = resources.Ids.NewAwsId("sg");
            transaction.Create(NetworkingKinds.SecurityGroup, new SecurityGroupResource
            {
                Metadata = Metadata("sg", group),
                Spec =
                {
                    GroupName = "default",
                    Description = "default VPC security group",
                    VpcId = vpc.Metadata.Name,
                    Ingress = [new SecurityGroupRule { RuleId = resources.Ids.NewAwsId("sgr"), ReferencedGroupId = group }],
                    Egress = [new SecurityGroupRule { RuleId = resources.Ids.NewAwsId("sgr"), CidrIpv4 = "0.0.0.0/0" }],
                },
            });
            await transaction.CommitAsync(ct);
        }
        finally
        {
            _gate.Release();
        }

        ObjectMeta Metadata(string prefix, string? id = null) => new()
        {
            Name = id ?? resources.Ids.NewAwsId(prefix), Namespace = ns,
            Labels = new(StringComparer.Ordinal) { [Dispatch.AwsCall.RegionLabel] = region },
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private bool HasDefault(string ns, string region) =>
        resources.View.List(NetworkingKinds.Vpc, ns)
            .Any(v => v.Spec.IsDefault && v.Metadata.Labels?.GetValueOrDefault(Dispatch.AwsCall.RegionLabel) == region);
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Filters;
using Skep.Networking.Controllers;

namespace Skep.Aws.Ec2;

/// <summary>Lists VPCs; a region's default one is made when it is first looked for.</summary>
internal sealed class DescribeVpcs(RegionDefaults network) : DescribeOperation<DescribeVpcsRequest, DescribeVpcsResult, Model.Vpc>
{
    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, FilterRule<Model.Vpc>> FilterOverrides { get; } =
        new Dictionary<string, FilterRule<Model.Vpc>>(StringComparer.Ordinal)
        {
            ["cidr"] = (v, _) => [v.CidrBlock],
            ["cidr-block"] = (v, _) => [v.CidrBlock],
            ["cidrBlock"] = (v, _) => [v.CidrBlock],
            ["isDefault"] = (v, _) => [v.IsDefault is true ? "true" : "false"],
            ["cidr-block-association.state"] = (v, _) => v.CidrBlockAssociationSet?.Select(a => a.CidrBlockState?.State) ?? [],
        };

    /// <inheritdoc/>
    protected override async ValueTask PrepareAsync(DescribeVpcsRequest request, AwsCall call, CancellationToken ct) =>
        await network.EnsureAsync(call.Namespace, call.Region, ct);

    /// <inheritdoc/>
    protected override IEnumerable<Model.Vpc> Items(DescribeVpcsRequest request, AwsCall call, string? after) =>
        Selection.Of(call, NetworkingKinds.Vpc, request.VpcIds, after, Ec2Errors.VpcNotFound).Select(v => Map(v, call));

    /// <inheritdoc/>
    protected override string KeyOf(Model.Vpc item) => item.VpcId!;

    /// <inheritdoc/>
    protected override DescribeVpcsResult Respond(List<Model.Vpc> items, AwsCall call) => new() { Vpcs = items };

    private static Model.Vpc Map(VpcResource vpc, AwsCall call) => new()
    {
        VpcId = vpc.Metadata.Name,
        OwnerId = call.AccountId,
        CidrBlock = vpc.Spec.CidrBlock,
        CidrBlockAssociationSet =
        [
            new VpcCidrBlockAssociation
            {
                AssociationId = "vpc-cidr-assoc-" + vpc.Metadata.Name["vpc-".Length..],
                CidrBlock = vpc.Spec.CidrBlock,
                CidrBlockState = new VpcCidrBlockState { State = "associated" },
            },
        ],
        IsDefault = vpc.Spec.IsDefault,
        InstanceTenancy = vpc.Spec.InstanceTenancy,
        DhcpOptionsId = vpc.Spec.DhcpOptionsId ?? "default",
        State = vpc.Status?.State ?? "available",
        Tags = Tagging.ToWire(vpc.Spec.Tags),
    };
}

using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;
using Skep.Aws.Protocol;
using Skep.Core.Hosting;

namespace Skep.Aws.Ec2;

/// <summary>Lists regions. One that is named exists, since any well-formed region can be used.</summary>
internal sealed class DescribeRegions(SkepOptions options) : DescribeOperation<DescribeRegionsRequest, DescribeRegionsResult, Region>
{
    /// <inheritdoc/>
    protected override IEnumerable<Region> Items(DescribeRegionsRequest request, AwsCall call, string? after)
    {
        foreach (var name in request.RegionNames ?? [])
        {
            if (!RegionName.IsValid(name))
                throw new AwsException("InvalidParameterValue", 400, $"Invalid region: [{name}]");
        }

        var names = request.RegionNames is { Count: > 0 } asked ? asked : RegionCatalog.Regions(call, options.Region);
        return names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => new Region
        {
            RegionName = name,
            Endpoint = $"ec2.{name}.amazonaws.com",
            OptInStatus = "opt-in-not-required",
        });
    }

    /// <inheritdoc/>
    protected override string KeyOf(Region item) => item.RegionName!;

    /// <inheritdoc/>
    protected override DescribeRegionsResult Respond(List<Region> items, AwsCall call) => new() { Regions = items };
}

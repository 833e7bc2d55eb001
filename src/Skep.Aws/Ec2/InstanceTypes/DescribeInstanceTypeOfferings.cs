using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;

namespace Skep.Aws.Ec2;

/// <summary>Lists where instance types can be had: all types, in every region and zone.</summary>
internal sealed class DescribeInstanceTypeOfferings
    : DescribeOperation<DescribeInstanceTypeOfferingsRequest, DescribeInstanceTypeOfferingsResult, InstanceTypeOffering>
{
    /// <inheritdoc/>
    protected override IEnumerable<InstanceTypeOffering> Items(DescribeInstanceTypeOfferingsRequest request, AwsCall call, string? after)
    {
        var locationType = request.LocationType ?? "region";
        IReadOnlyList<string> locations = locationType switch
        {
            "region" => [call.Region],
            "availability-zone" => RegionCatalog.Zones(call),
            "availability-zone-id" => [.. RegionCatalog.Zones(call).Select(RegionCatalog.ZoneId).OfType<string>().Order(StringComparer.Ordinal)],
            _ => [],
        };
        return call.View.List(ComputeKinds.InstanceType, ns: null)
            .SelectMany(t => locations.Select(l => new InstanceTypeOffering { InstanceType = t.Metadata.Name, LocationType = locationType, Location = l }))
            .Where(o => after is null || string.CompareOrdinal(KeyOf(o), after) > 0);
    }

    /// <inheritdoc/>
    protected override string KeyOf(InstanceTypeOffering item) => $"{item.InstanceType} {item.Location}";

    /// <inheritdoc/>
    protected override DescribeInstanceTypeOfferingsResult Respond(List<InstanceTypeOffering> items, AwsCall call) => new() { InstanceTypeOfferings = items };
}

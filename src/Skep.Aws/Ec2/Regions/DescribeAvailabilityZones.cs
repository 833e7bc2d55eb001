using Skep.Aws.Dispatch;
using Skep.Aws.Ec2.Model;
using Skep.Aws.Ec2.Regions;

namespace Skep.Aws.Ec2;

/// <summary>Lists the zones of the region.</summary>
internal sealed class DescribeAvailabilityZones
    : DescribeOperation<DescribeAvailabilityZonesRequest, DescribeAvailabilityZonesResult, AvailabilityZone>
{
    /// <inheritdoc/>
    protected override IEnumerable<AvailabilityZone> Items(DescribeAvailabilityZonesRequest request, AwsCall call, string? after)
    {
        var zones = RegionCatalog.Zones(call);
        foreach (var name in request.ZoneNames ?? [])
        {
            if (!zones.Contains(name))
                throw Ec2Errors.ZoneNotFound(name);
        }

        foreach (var id in request.ZoneIds ?? [])
        {
            if (!zones.Any(z => RegionCatalog.ZoneId(z) == id))
                throw Ec2Errors.ZoneNotFound(id);
        }

        return zones
            .Where(z => request.ZoneNames is not { Count: > 0 } names || names.Contains(z))
            .Where(z => request.ZoneIds is not { Count: > 0 } ids || (RegionCatalog.ZoneId(z) is { } id && ids.Contains(id)))
            .Select(z => new AvailabilityZone
            {
                ZoneName = z,
                ZoneId = RegionCatalog.ZoneId(z),
                RegionName = call.Region,
                GroupName = $"{call.Region}-zg-1",
                NetworkBorderGroup = call.Region,
                OptInStatus = "opt-in-not-required",
                State = "available",
                ZoneType = "availability-zone",
                Messages = [],
            });
    }

    /// <inheritdoc/>
    protected override string KeyOf(AvailabilityZone item) => item.ZoneName!;

    /// <inheritdoc/>
    protected override DescribeAvailabilityZonesResult Respond(List<AvailabilityZone> items, AwsCall call) => new() { AvailabilityZones = items };
}

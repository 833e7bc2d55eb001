using Skep.Aws.Dispatch;

namespace Skep.Aws.Ec2.Regions;

/// <summary>Regions and zones. Every well-formed region can be used; listed are those where the account has something.</summary>
internal static class RegionCatalog
{
    /// <summary>The regions to list: the caller's, the home region, and those with a VPC.</summary>
    public static IReadOnlyList<string> Regions(AwsCall call, string home)
    {
        var regions = new SortedSet<string>(StringComparer.Ordinal) { home, call.Region };
        foreach (var vpc in call.View.List(NetworkingKinds.Vpc.GroupResource, call.Namespace, after: null))
        {
            if (vpc.Metadata.Labels?.GetValueOrDefault(AwsCall.RegionLabel) is { } region)
                regions.Add(region);
        }

        return [.. regions];
    }

    /// <summary>The zones of the call's region: those of its subnets, and always the first.</summary>
    public static IReadOnlyList<string> Zones(AwsCall call)
    {
        var zones = new SortedSet<string>(StringComparer.Ordinal) { call.Region + "a" };
        foreach (var subnet in call.List(NetworkingKinds.Subnet, after: null))
            zones.Add(subnet.Spec.AvailabilityZone);
        return [.. zones];
    }

    /// <summary>A zone's id: us-east-1a is use1-az1. Null for what is no zone's name, which resources from other dialects may have.</summary>
    public static string? ZoneId(string zone)
    {
        if (zone.Length == 0 || !char.IsAsciiLetterLower(zone[^1]) || !Dispatch.RegionName.IsValid(zone[..^1]))
            return null;
        var parts = zone[..^1].Split('-');
        var region = string.Concat(parts.Select((p, i) => i switch
        {
            0 => p,
            _ when i == parts.Length - 1 => p,
            _ => Direction(p),
        }));
        return $"{region}-az{zone[^1] - 'a' + 1}";
    }

    /// <summary>east is e, northeast is ne, as AWS abbreviates them.</summary>
    private static string Direction(string word) => word switch
    {
        "northeast" => "ne",
        "northwest" => "nw",
        "southeast" => "se",
        "southwest" => "sw",
        _ => word[..1],
    };
}

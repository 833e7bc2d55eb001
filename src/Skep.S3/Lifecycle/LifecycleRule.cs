using System.Globalization;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Lifecycle;

/// <summary>A rule of a lifecycle configuration that is enabled (API reference, "LifecycleRule").</summary>
internal sealed record LifecycleRule
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>Keys that it is about begin so.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Tags that an object must have, all of them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>Objects must have more bytes than this.</summary>
    public long? BytesMin { get; init; }

    /// <summary>Objects must have fewer bytes than this.</summary>
    public long? BytesMax { get; init; }

    /// <summary>Days after which a current version goes.</summary>
    public int? ExpirationDays { get; init; }

    /// <summary>From when on all current versions go.</summary>
    public DateTimeOffset? ExpirationDate { get; init; }

    /// <summary>Whether delete markers go that have no versions left under them.</summary>
    public bool ExpiresDeleteMarkers { get; init; }

    /// <summary>Days after which a version goes that was replaced.</summary>
    public int? NoncurrentDays { get; init; }

    /// <summary>How many of the newest replaced versions stay nevertheless.</summary>
    public int NewerNoncurrentVersions { get; init; }

    /// <summary>Days after which an upload is aborted that was not completed.</summary>
    public int? AbortDays { get; init; }

    /// <summary>Whether delete markers can meet its filter: they have neither tags nor a size.</summary>
    public bool MayMatchMarkers => Tags.Count == 0 && BytesMin is null && BytesMax is null;

    /// <summary>Whether its filter is met.</summary>
    public bool Matches(ObjectVersion version) =>
        version.Key.StartsWith(Prefix, StringComparison.Ordinal)
        && (version.IsDeleteMarker ? MayMatchMarkers : HasSize(version.LengthBytes) && Tags.All(version.Metadata.Tags.Contains));

    /// <summary>Reads a rule that was checked; null when it is disabled.</summary>
    /// <exception cref="S3Exception">It was checked by a Skep that knew less: a number in it is none.</exception>
    public static LifecycleRule? Read(XmlElement rule)
    {
        if (rule.Value("Status") != "Enabled")
            return null;
        var filters = Filters(rule).ToList();
        var expiration = rule["Expiration"];
        var noncurrent = rule["NoncurrentVersionExpiration"];
        return new LifecycleRule
        {
            Id = rule.Value("ID") ?? "",
            // Several prefixes can only be met together if one is the beginning of the other: then the longer one says it all.
            Prefix = filters.Where(f => f.Name == "Prefix").Select(f => f.Text).DefaultIfEmpty("").MaxBy(p => p.Length)!,
            Tags = [.. filters.Where(f => f.Name == "Tag").Select(t => new KeyValuePair<string, string>(t.Value("Key") ?? "", t.Value("Value") ?? ""))],
            BytesMin = filters.Where(f => f.Name == "ObjectSizeGreaterThan").Select(f => (long?)Number(f.Text)).Max(),
            BytesMax = filters.Where(f => f.Name == "ObjectSizeLessThan").Select(f => (long?)Number(f.Text)).Min(),
            ExpirationDays = Days(expiration, "Days"),
            ExpirationDate = expiration?.Value("Date") is { } date ? DateTimeOffset.Parse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) : null,
            ExpiresDeleteMarkers = string.Equals(expiration?.Value("ExpiredObjectDeleteMarker"), "true", StringComparison.OrdinalIgnoreCase),
            NoncurrentDays = Days(noncurrent, "NoncurrentDays"),
            NewerNoncurrentVersions = Days(noncurrent, "NewerNoncurrentVersions") ?? 0,
            AbortDays = Days(rule["AbortIncompleteMultipartUpload"], "DaysAfterInitiation"),
        };
    }

    /// <summary>What a rule filters by: the old form's prefix, the filter's members, and those of its And.</summary>
    public static IEnumerable<XmlElement> Filters(XmlElement rule)
    {
        if (rule["Prefix"] is { } prefix)
            yield return prefix;
        foreach (var filter in rule["Filter"]?.Children ?? [])
        {
            foreach (var member in filter.Name == "And" ? filter.Children : [filter])
                yield return member;
        }
    }

    private bool HasSize(long length) => (BytesMin is not { } min || length > min) && (BytesMax is not { } max || length < max);

    private static int? Days(XmlElement? element, string name) => element?.Value(name) is { } text ? (int)Number(text) : null;

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw S3Errors.MalformedXml($"\"{text}\" is no number");
}

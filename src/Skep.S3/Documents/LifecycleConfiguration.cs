using System.Globalization;
using Skep.S3.Errors;
using Skep.S3.Lifecycle;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>When a bucket's objects, versions and uploads go by themselves.</summary>
internal static class LifecycleConfiguration
{
    private const int RulesMax = 1_000;
    private const int IdLengthMax = 255;
    private const int NewerVersionsMax = 100;

    private static readonly string[] _actions =
        ["Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload", "Transition", "NoncurrentVersionTransition"];

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = "lifecycle",
        Root = "LifecycleConfiguration",
        GetName = "GetBucketLifecycleConfiguration",
        PutName = "PutBucketLifecycleConfiguration",
        DeleteName = "DeleteBucketLifecycle",
        GetAction = "s3:GetLifecycleConfiguration",
        PutAction = "s3:PutLifecycleConfiguration",
        NotFound = static bucket => S3Errors.NoSuchDocument("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", bucket),
        NeedsDigest = true,
        Check = Check,
    };

    private static void Check(XmlElement root)
    {
        var rules = root.All("Rule").ToList();
        if (rules.Count is 0 or > RulesMax)
            throw S3Errors.MalformedXml($"it has {rules.Count} rules, expected 1 to {RulesMax}");
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var next = 0;
        foreach (var rule in rules)
        {
            if (rule.Value("Status") is not ("Enabled" or "Disabled"))
                throw S3Errors.MalformedXml("a rule's Status is neither Enabled nor Disabled");
            if (!Array.Exists(_actions, a => rule[a] is not null))
                throw S3Errors.InvalidRequest("At least one action needs to be specified in a rule");
            foreach (var transition in rule.All("Transition"))
                CheckDate(transition.Value("Date"));
            if (rule["Transition"] is not null || rule["NoncurrentVersionTransition"] is not null)
                throw S3Errors.NotImplemented("PutBucketLifecycleConfiguration with Transition");
            CheckFilter(rule);
            CheckExpiration(rule["Expiration"]);
            CheckDays(rule["NoncurrentVersionExpiration"], "NoncurrentDays");
            CheckNewer(rule["NoncurrentVersionExpiration"]?.Value("NewerNoncurrentVersions"));
            CheckDays(rule["AbortIncompleteMultipartUpload"], "DaysAfterInitiation");
            CheckId(rule, ids, ref next);
        }
    }

    /// <summary>A filter with several members means all of them; S3 wants an And around them.</summary>
    private static void CheckFilter(XmlElement rule)
    {
        var filters = LifecycleRule.Filters(rule).ToList();
        if (filters.Find(f => f.Name is not ("Prefix" or "Tag" or "ObjectSizeGreaterThan" or "ObjectSizeLessThan")) is { } unknown)
            throw S3Errors.MalformedXml($"a Filter has {unknown.Name}, expected Prefix, Tag, ObjectSizeGreaterThan, ObjectSizeLessThan or And");
        foreach (var size in filters.Where(f => f.Name is "ObjectSizeGreaterThan" or "ObjectSizeLessThan"))
        {
            if (!long.TryParse(size.Text, NumberStyles.None, CultureInfo.InvariantCulture, out _))
                throw S3Errors.InvalidArgument(size.Name, size.Text, $"'{size.Name}' must be a number of bytes");
        }

        if (filters.Exists(f => f.Name == "Tag" && f.Value("Key") is not { Length: > 0 }))
            throw S3Errors.MalformedXml("a Tag has no Key");
        var prefixes = filters.Where(f => f.Name == "Prefix").Select(f => f.Text).OrderBy(p => p.Length).ToList();
        if (!prefixes.TrueForAll(p => prefixes[^1].StartsWith(p, StringComparison.Ordinal)))
            throw S3Errors.MalformedXml($"no key can begin with all of the prefixes {string.Join(", ", prefixes)}");
        // Neither uploads nor delete markers have tags or a size.
        var isOfObjects = filters.Exists(f => f.Name != "Prefix");
        if (isOfObjects && rule["AbortIncompleteMultipartUpload"] is not null)
            throw S3Errors.InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes.");
        if (isOfObjects && rule["Expiration"]?["ExpiredObjectDeleteMarker"] is not null)
            throw S3Errors.InvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags or object sizes.");
    }

    private static void CheckNewer(string? newer)
    {
        if (newer is not null && (!int.TryParse(newer, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value is < 1 or > NewerVersionsMax))
            throw S3Errors.InvalidArgument("NewerNoncurrentVersions", newer, $"'NewerNoncurrentVersions' must be 1 to {NewerVersionsMax}");
    }

    private static void CheckId(XmlElement rule, HashSet<string> ids, ref int next)
    {
        if (rule["ID"] is null)
        {
            var id = new XmlElement("ID");
            do
                id.SetText($"rule-{++next}");
            while (ids.Contains(id.Text));
            rule.Add(id);
        }

        var name = rule.Value("ID")!;
        if (name.Length > IdLengthMax)
            throw S3Errors.InvalidArgument("ID", name, $"ID length should not exceed allowed limit of {IdLengthMax}");
        if (!ids.Add(name))
            throw S3Errors.InvalidArgument("ID", name, "Rule ID must be unique. Found same ID for more than one rule");
    }

    private static void CheckExpiration(XmlElement? expiration)
    {
        if (expiration is null)
            return;
        var (date, days) = (expiration.Value("Date"), expiration.Value("Days"));
        if (date is null && days is null && expiration.Value("ExpiredObjectDeleteMarker") is null)
            throw S3Errors.MalformedXml("an Expiration has neither Date nor Days nor ExpiredObjectDeleteMarker");
        if (date is not null && days is not null)
            throw S3Errors.MalformedXml("an Expiration has both Date and Days");
        if (expiration.Value("ExpiredObjectDeleteMarker") is { } marker && !bool.TryParse(marker, out _))
            throw S3Errors.MalformedXml($"ExpiredObjectDeleteMarker is {marker}, expected true or false");
        CheckDate(date);
        if (days is not null)
            CheckDays(expiration, "Days");
    }

    private static void CheckDate(string? date)
    {
        if (date is not null && (!DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) || time.UtcDateTime.TimeOfDay != TimeSpan.Zero))
            throw S3Errors.InvalidArgument("Date", date, "'Date' must be at midnight GMT");
    }

    private static void CheckDays(XmlElement? action, string element)
    {
        if (action is null)
            return;
        var days = action.Value(element);
        if (!int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < 1)
            throw S3Errors.InvalidArgument(element, days ?? "", $"'{element}' for {action.Name} action must be a positive integer");
    }
}

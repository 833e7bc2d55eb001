using System.Globalization;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>When a bucket's objects, versions and uploads go by themselves.</summary>
internal static class LifecycleConfiguration
{
    private const int RulesMax = 1_000;
    private const int IdLengthMax = 255;

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
            CheckExpiration(rule["Expiration"]);
            CheckDays(rule["NoncurrentVersionExpiration"], "NoncurrentDays");
            CheckDays(rule["AbortIncompleteMultipartUpload"], "DaysAfterInitiation");
            CheckId(rule, ids, ref next);
        }
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

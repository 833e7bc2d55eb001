using System.Globalization;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Websites;

/// <summary>How a bucket is shown as a website (API reference, "WebsiteConfiguration").</summary>
internal static class WebsiteConfiguration
{
    /// <summary>The query parameter that selects it; also the document's name in the store.</summary>
    public const string SubResource = "website";

    private const int RulesMax = 50;

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "WebsiteConfiguration",
        GetName = "GetBucketWebsite",
        PutName = "PutBucketWebsite",
        DeleteName = "DeleteBucketWebsite",
        GetAction = "s3:GetBucketWebsite",
        PutAction = "s3:PutBucketWebsite",
        DeleteAction = "s3:DeleteBucketWebsite",
        NotFound = NotFound,
        Check = static root => Parse(root),
    };

    /// <summary>The failure of a bucket that is no website.</summary>
    public static S3Exception NotFound(string bucket) =>
        S3Errors.NoSuchDocument("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", bucket);

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="S3Exception">MalformedXML, InvalidArgument or InvalidRequest.</exception>
    public static Website Parse(XmlElement root)
    {
        if (root["RedirectAllRequestsTo"] is { } all)
        {
            if (root.Children.Count > 1)
                throw S3Errors.InvalidArgument("RedirectAllRequestsTo", "", "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
            return new Website { RedirectAll = new RedirectRule { HostName = Required(all, "HostName"), Protocol = Protocol(all) } };
        }

        var suffix = root["IndexDocument"]?.Value("Suffix");
        if (suffix is not { Length: > 0 } || suffix.Contains('/', StringComparison.Ordinal))
            throw S3Errors.InvalidArgument("IndexDocument", suffix ?? "", "The IndexDocument Suffix is not well formed");
        var rules = root["RoutingRules"]?.All("RoutingRule").Select(Rule).ToList() ?? [];
        if (rules.Count > RulesMax)
            throw S3Errors.InvalidRequest($"{rules.Count} routing rules provided, the number of routing rules in a website configuration is limited to {RulesMax}.");
        return new Website { IndexSuffix = suffix, ErrorKey = root["ErrorDocument"] is { } error ? Required(error, "Key") : null, Rules = rules };
    }

    private static RedirectRule Rule(XmlElement rule)
    {
        var redirect = rule["Redirect"] ?? throw S3Errors.MalformedXml("a RoutingRule has no Redirect");
        var condition = rule["Condition"];
        if (redirect.Children.Count == 0 || condition is { Children.Count: 0 })
            throw S3Errors.MalformedXml("a Redirect or a Condition is empty");
        if (redirect["ReplaceKeyPrefixWith"] is not null && redirect["ReplaceKeyWith"] is not null)
            throw S3Errors.InvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
        return new RedirectRule
        {
            KeyPrefix = condition?.Value("KeyPrefixEquals"),
            ErrorCode = Code(condition, "HttpErrorCodeReturnedEquals", 400, 599),
            HostName = redirect["HostName"] is null ? null : Required(redirect, "HostName"),
            Protocol = Protocol(redirect),
            ReplaceKeyPrefixWith = redirect.Value("ReplaceKeyPrefixWith"),
            ReplaceKeyWith = redirect.Value("ReplaceKeyWith"),
            Status = Code(redirect, "HttpRedirectCode", 301, 399) ?? 301,
        };
    }

    private static string Required(XmlElement element, string name) =>
        element.Value(name) is { Length: > 0 } text ? text : throw S3Errors.MalformedXml($"{element.Name} has no {name}");

    private static string? Protocol(XmlElement element) => element.Value("Protocol") switch
    {
        null => null,
        var protocol when protocol is "http" or "https" => protocol,
        var other => throw S3Errors.InvalidRequest($"Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically. (\"{other}\")"),
    };

    private static int? Code(XmlElement? element, string name, int min, int max)
    {
        if (element?.Value(name) is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code >= min && code <= max
            ? code
            : throw S3Errors.InvalidRequest($"The provided HTTP code ({text}) is not valid. Valid codes are {min} to {max}.");
    }
}

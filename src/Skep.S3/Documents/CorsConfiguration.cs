using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>Which other sites' pages may read a bucket's answers (user guide, "Using cross-origin resource sharing").</summary>
internal static class CorsConfiguration
{
    private const int RulesMax = 100;
    private const string SubResource = "cors";

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "CORSConfiguration",
        GetName = "GetBucketCors",
        PutName = "PutBucketCors",
        DeleteName = "DeleteBucketCors",
        GetAction = "s3:GetBucketCORS",
        PutAction = "s3:PutBucketCORS",
        NotFound = static bucket => S3Errors.NoSuchDocument("NoSuchCORSConfiguration", "The CORS configuration does not exist", bucket),
        NeedsDigest = true,
        Check = Check,
    };

    /// <summary>A bucket's rules, in order.</summary>
    public static async ValueTask<IReadOnlyList<CorsRule>> FindAsync(IObjectBackend store, string bucket, CancellationToken ct) =>
        await store.FindDocumentAsync(bucket, SubResource, ct) is { } stored ? Rules(XmlDocumentReader.Read(stored)) : [];

    private static List<CorsRule> Rules(XmlElement root) =>
        [.. root.All("CORSRule").Select(rule => new CorsRule(Texts(rule, "AllowedOrigin"), Texts(rule, "AllowedMethod"), Texts(rule, "AllowedHeader"), Texts(rule, "ExposeHeader"), rule.Value("MaxAgeSeconds")))];

    private static string[] Texts(XmlElement rule, string name) => [.. rule.All(name).Select(e => e.Text)];

    private static void Check(XmlElement root)
    {
        var rules = Rules(root);
        if (rules.Count is 0 or > RulesMax)
            throw S3Errors.MalformedXml($"it has {rules.Count} rules, expected 1 to {RulesMax}");
        foreach (var rule in rules)
        {
            if (rule.Origins.Count == 0 || rule.Methods.Count == 0)
                throw S3Errors.MalformedXml("a rule has no AllowedOrigin or no AllowedMethod");
            if (rule.Methods.FirstOrDefault(m => m is not ("GET" or "PUT" or "POST" or "DELETE" or "HEAD")) is { } method)
                throw S3Errors.InvalidRequest($"Found unsupported HTTP method in CORS config. Unsupported method is {method}");
            if (rule.Origins.Concat(rule.Headers).FirstOrDefault(p => p.Count(c => c == '*') > 1) is { } pattern)
                throw S3Errors.InvalidRequest($"AllowedOrigin or AllowedHeader \"{pattern}\" can not have more than one wildcard.");
            if (rule.MaxAgeSeconds is { } age && !uint.TryParse(age, out _))
                throw S3Errors.MalformedXml("MaxAgeSeconds is no number");
        }
    }
}

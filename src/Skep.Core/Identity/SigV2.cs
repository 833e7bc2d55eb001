using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity;

/// <summary>
/// AWS Signature Version 2 as S3 has it (Amazon S3 user guide, "Signing and authenticating REST requests"): boto3 and the
/// aws CLI's version 1 sign URLs this way unless they are told otherwise. It covers neither the payload nor every
/// parameter.
/// </summary>
public static class SigV2
{
    /// <summary>The scheme's name, in the Authorization header and as <c>s3:signatureversion</c>.</summary>
    public const string Algorithm = "AWS";

    /// <summary>The parameter that names the access key.</summary>
    public const string KeyParameter = "AWSAccessKeyId";

    /// <summary>The parameter with the signature.</summary>
    public const string SignatureParameter = "Signature";

    /// <summary>The parameter with the end, in seconds since 1970.</summary>
    public const string ExpiresParameter = "Expires";

    /// <summary>The first characters of the Authorization header.</summary>
    public const string HeaderPrefix = Algorithm + " ";

    private const string AmzPrefix = "x-amz-";

    /// <summary>Parameters that the signature covers.</summary>
    private static readonly FrozenSet<string> _covered = FrozenSet.Create(
        StringComparer.Ordinal,
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location", "logging", "metrics",
        "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment", "restore", "select", "select-type", "storageClass",
        "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
        "response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires");

    /// <summary>Parameters that some clients' signatures cover (MinIO's) and others' do not (boto3's).</summary>
    private static readonly FrozenSet<string> _coveredBySome = FrozenSet.Create(StringComparer.Ordinal, "encryption", "legal-hold", "retention");

    /// <summary>Parameters that do no more than say what part of a list is meant, or which client asks.</summary>
    private static readonly FrozenSet<string> _harmless = FrozenSet.Create(
        StringComparer.Ordinal,
        KeyParameter, SignatureParameter, ExpiresParameter, "content-md5", "content-type", "continuation-token", "delimiter", "encoding-type",
        "fetch-owner", "key-marker", "list-type", "marker", "max-keys", "max-parts", "max-uploads", "part-number-marker", "prefix", "start-after",
        "upload-id-marker", "version-id-marker", "x-id");

    /// <summary>The signature of a string to sign, or of a form's policy: base64.</summary>
    public static string Signature(string secretAccessKey, string stringToSign) =>
        Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(secretAccessKey), Encoding.UTF8.GetBytes(stringToSign)));

    /// <summary>The strings of which one must have been signed.</summary>
    /// <param name="request">What is signed.</param>
    /// <param name="date">For a presigned URL its end as it stands there; else the Date header, or nothing beside x-amz-date.</param>
    /// <param name="isPresigned">Whether S3's own headers may stand in the query.</param>
    public static string[] StringsToSign(SigV4Request request, string date, bool isPresigned)
    {
        // boto3 sends "/bucket" and signs "/bucket/", as it is called where the host names it; others sign what they send.
        var isBucketAlone = request.HostBucket is null && request.Path.Length > 1 && request.Path.LastIndexOf('/') == 0;
        string[] paths = isBucketAlone ? [request.Path, request.Path + "/"] : [request.Path];
        // Who was given a URL may not add these to it: there they must be covered.
        bool[] coverings = !Parameters(request.Query).Exists(p => _coveredBySome.Contains(p.Name)) ? [false] : isPresigned ? [true] : [false, true];
        return [.. paths.SelectMany(path => coverings.Select(coversMore => StringToSign(request with { Path = path }, date, isPresigned, coversMore)))];
    }

    private static string StringToSign(SigV4Request request, string date, bool isPresigned, bool coversMore)
    {
        var text = new StringBuilder(256);
        text.Append(request.Method).Append('\n');
        text.Append(request.Header("Content-MD5")).Append('\n');
        text.Append(request.Header("Content-Type")).Append('\n');
        text.Append(date).Append('\n');
        var parameters = Parameters(request.Query);
        var amz = request.Headers.Select(h => (Name: h.Key.ToLowerInvariant(), h.Value))
            .Concat(isPresigned ? parameters.Select(p => (Name: p.Name.ToLowerInvariant(), Value: p.Value ?? "")) : [])
            .Where(h => h.Name.StartsWith(AmzPrefix, StringComparison.Ordinal))
            .GroupBy(h => h.Name, h => h.Value.Trim(), StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal);
        foreach (var header in amz)
            text.Append(header.Key).Append(':').AppendJoin(',', header).Append('\n');
        if (request.HostBucket is { } bucket)
            text.Append('/').Append(bucket);
        text.Append(request.Path);
        var separator = '?';
        foreach (var (name, value) in parameters.Where(p => _covered.Contains(p.Name) || (coversMore && _coveredBySome.Contains(p.Name))).OrderBy(p => p.Name, StringComparer.Ordinal))
        {
            text.Append(separator).Append(name);
            if (!string.IsNullOrEmpty(value))
                text.Append('=').Append(value);
            separator = '&';
        }

        return text.ToString();
    }

    /// <summary>
    /// A parameter that the signature does not cover and that may make another request of it; null when there is none. Who was
    /// given a URL may not turn it into another operation.
    /// </summary>
    public static string? FindUncovered(string query) => Parameters(query)
        .Select(p => p.Name)
        .FirstOrDefault(name => !_covered.Contains(name) && !_coveredBySome.Contains(name) && !_harmless.Contains(name) && !name.StartsWith(AmzPrefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Names and values, decoded; the value is null where there is no equals sign.</summary>
    private static List<(string Name, string? Value)> Parameters(string query)
    {
        var parameters = new List<(string, string?)>();
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            parameters.Add(equals < 0 ? (Decode(pair), null) : (Decode(pair[..equals]), Decode(pair[(equals + 1)..])));
        }

        return parameters;
    }

    private static string Decode(string text) => Encoding.UTF8.GetString(SigV4.Decode(text));
}

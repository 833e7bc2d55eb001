using System.Globalization;
using Microsoft.Extensions.Primitives;
using Skep.Core.Identity;
using Skep.Core.Identity.Policies;
using Skep.Objects;
using Skep.S3.Requests;

namespace Skep.S3.Access;

/// <summary>
/// Puts a request into the words of policies: S3's condition keys (service authorization reference, "Condition keys for
/// Amazon S3") come from its headers and parameters.
/// </summary>
internal static class PolicyQuestion
{
    private const string ExistingTag = "s3:existingobjecttag/";
    private const string RequestTag = "s3:requestobjecttag/";

    private static readonly string[] _headers =
    [
        "x-amz-acl", "x-amz-copy-source", "x-amz-metadata-directive", "x-amz-storage-class", "x-amz-content-sha256",
        "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-customer-algorithm",
        "x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-write", "x-amz-grant-read-acp", "x-amz-grant-write-acp",
        "x-amz-website-redirect-location", "x-amz-object-ownership",
    ];

    private static readonly string[] _parameters = ["prefix", "delimiter", "max-keys", "versionid"];

    /// <summary>The question.</summary>
    /// <param name="call">The request.</param>
    /// <param name="action">The action.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="key">The key; empty for the bucket itself.</param>
    /// <param name="version">The version that is there, for conditions on its tags; null when there is none.</param>
    /// <param name="now">The time.</param>
    public static PolicyRequest Of(S3Call call, string action, BucketInfo bucket, string key, ObjectVersion? version, DateTimeOffset now)
    {
        var caller = call.Caller.Principal is { } principal
            ? PolicyPrincipal.Of(principal) with { CanonicalUserId = CanonicalUserId.Of(principal.AccountId) }
            : PolicyPrincipal.Anonymous;
        var request = new PolicyRequest
        {
            Principal = caller,
            Action = action,
            Resource = key.Length == 0 ? $"arn:aws:s3:::{bucket.Name}" : $"arn:aws:s3:::{bucket.Name}/{key}",
            ResourceAccount = bucket.Owner,
            Time = now,
            FindMore = name => More(call, name, version),
        };
        var http = call.Http;
        request.With("aws:SecureTransport", http.Request.IsHttps ? "true" : "false");
        if (http.Connection.RemoteIpAddress is { } address)
            request.With("aws:SourceIp", (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
        if (call.Header("User-Agent") is { } agent)
            request.With("aws:UserAgent", agent);
        if (call.Header("Referer") is { } referer)
            request.With("aws:Referer", referer);
        if (call.Caller.Signature is { } signature)
            AddSignature(request, signature, now);
        foreach (var header in _headers)
        {
            if (call.Header(header) is { } value)
                request.With("s3:" + header, header == "x-amz-copy-source" ? value.TrimStart('/') : value);
        }

        foreach (var parameter in _parameters)
        {
            if (call.Query[parameter == "versionid" ? "versionId" : parameter] is { } value)
                request.With("s3:" + parameter, value);
        }

        // Whether a key may be seen to be missing is asked as a listing of just that key.
        if (action == "s3:ListBucket" && call.Key.Length > 0)
            request.With("s3:prefix", call.Key);
        return request;
    }

    private static void AddSignature(PolicyRequest request, SigV4Identity signature, DateTimeOffset now)
    {
        request.With("s3:signatureversion", signature.Algorithm);
        request.With("s3:authType", signature.Carrier switch
        {
            SigV4Carrier.Header => "REST-HEADER",
            SigV4Carrier.Query => "REST-QUERY-STRING",
            _ => "POST",
        });
        // The old scheme does not tell when it was signed.
        if (signature.Algorithm == SigV4.Algorithm)
            request.With("s3:signatureAge", ((long)Math.Max(0, (now - signature.Time).TotalMilliseconds)).ToString(CultureInfo.InvariantCulture));
    }

    private static StringValues More(S3Call call, string name, ObjectVersion? version)
    {
        if (name.StartsWith(ExistingTag, StringComparison.Ordinal))
            return Value(version?.Metadata.Tags ?? [], name[ExistingTag.Length..]);
        if (name.StartsWith(RequestTag, StringComparison.Ordinal))
            return Value(call.RequestTags, name[RequestTag.Length..]);
        return name == "s3:requestobjecttagkeys" && call.RequestTags.Count > 0 ? new StringValues([.. call.RequestTags.Select(t => t.Key)]) : default;
    }

    private static StringValues Value(IReadOnlyList<KeyValuePair<string, string>> tags, string key)
    {
        foreach (var (name, value) in tags)
        {
            if (name.Equals(key, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return default;
    }
}

using System.Globalization;
using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>An object's headers in answers.</summary>
internal static class ObjectHeaders
{
    /// <summary>What a body is that nobody said anything about.</summary>
    public const string DefaultContentType = "binary/octet-stream";

    /// <summary>The header of a stored header's name that has another name in the store.</summary>
    private static readonly Dictionary<string, string> _overrides = new(StringComparer.Ordinal)
    {
        ["response-content-type"] = "Content-Type",
        ["response-content-language"] = "Content-Language",
        ["response-expires"] = "Expires",
        ["response-cache-control"] = "Cache-Control",
        ["response-content-disposition"] = "Content-Disposition",
        ["response-content-encoding"] = "Content-Encoding",
    };

    /// <summary>Whether a request asks for other headers than those stored.</summary>
    public static bool HasOverrides(S3Query query) => query.Names.Any(_overrides.ContainsKey);

    /// <summary>Writes what a GET and a HEAD say of a version.</summary>
    public static void Write(S3Call call, ObjectVersion version)
    {
        var headers = call.Response.Headers;
        WriteValidators(call, version);
        headers.AcceptRanges = "bytes";
        headers.ContentType = DefaultContentType;
        foreach (var (name, value) in version.Metadata.Headers)
            headers[name] = name.StartsWith(UploadHeaders.MetaPrefix, StringComparison.Ordinal) ? EncodedWords.Encode(value) : value;
        foreach (var (parameter, name) in _overrides)
        {
            if (call.Query.TryGet(parameter, out var value))
                headers[name] = value;
        }

        if (version.Metadata.Tags.Count > 0)
            headers["x-amz-tagging-count"] = version.Metadata.Tags.Count.ToString(CultureInfo.InvariantCulture);
        WriteLock(headers, version.Metadata);
    }

    /// <summary>Writes what tells a version from others: also in answers without a body.</summary>
    public static void WriteValidators(S3Call call, ObjectVersion version)
    {
        call.Response.Headers.ETag = $"\"{version.ETag}\"";
        call.Response.Headers.LastModified = version.LastModified.ToString("R", CultureInfo.InvariantCulture);
        WriteVersionId(call, version.VersionId);
    }

    /// <summary>Names the version, in buckets that have versions.</summary>
    public static void WriteVersionId(S3Call call, string? versionId)
    {
        if (versionId is not null && call.BucketInfo.Versioning is not VersioningState.None)
            call.Response.Headers["x-amz-version-id"] = versionId;
    }

    /// <summary>Names a version that was just made; where versions are suspended, it has no name of its own.</summary>
    public static void WriteNewVersionId(S3Call call, ObjectVersion version)
    {
        if (call.BucketInfo.Versioning is VersioningState.Enabled)
            call.Response.Headers["x-amz-version-id"] = version.VersionId;
    }

    private static void WriteLock(IHeaderDictionary headers, ObjectMetadata metadata)
    {
        if (metadata.Retention.Mode is not RetentionMode.None)
        {
            headers["x-amz-object-lock-mode"] = metadata.Retention.Mode is RetentionMode.Compliance ? "COMPLIANCE" : "GOVERNANCE";
            headers["x-amz-object-lock-retain-until-date"] = Xml.S3Xml.FormatTime(metadata.Retention.Until);
        }

        if (metadata.IsLegalHold)
            headers["x-amz-object-lock-legal-hold"] = "ON";
    }
}

using System.Globalization;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>What a conditional read comes to.</summary>
internal enum ConditionResult
{
    /// <summary>The conditions hold.</summary>
    Proceed,

    /// <summary>The client has it already.</summary>
    NotModified,

    /// <summary>They do not hold.</summary>
    Failed,
}

/// <summary>
/// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since (RFC 9110 section 13.2.2, with S3's rules where both of
/// a pair are there), of the request's own object or, with x-amz-copy-source- names, of a copy's source.
/// </summary>
internal sealed record Conditions(string? IfMatch, string? IfNoneMatch, DateTimeOffset? IfModifiedSince, DateTimeOffset? IfUnmodifiedSince)
{
    /// <summary>The conditions of a read.</summary>
    public static Conditions OfRead(S3Call call) => new(
        call.Header("If-Match"), call.Header("If-None-Match"), Time(call.Header("If-Modified-Since")), Time(call.Header("If-Unmodified-Since")));

    /// <summary>The conditions on a copy's source.</summary>
    public static Conditions OfCopySource(S3Call call) => new(
        call.Header("x-amz-copy-source-if-match"),
        call.Header("x-amz-copy-source-if-none-match"),
        Time(call.Header("x-amz-copy-source-if-modified-since")),
        Time(call.Header("x-amz-copy-source-if-unmodified-since")));

    /// <summary>The conditions of a write, which the store decides.</summary>
    public static WriteConditions OfWrite(S3Call call)
    {
        var ifNoneMatch = call.Header("If-None-Match");
        var ifMatch = call.Header("If-Match");
        return ifMatch is null && ifNoneMatch is null
            ? WriteConditions.None
            : new WriteConditions { IfMatch = ifMatch is null ? null : Unquote(ifMatch), IfNoneMatch = ifNoneMatch is null ? null : Unquote(ifNoneMatch) };
    }

    /// <summary>The conditions of a deletion.</summary>
    public static WriteConditions OfDelete(S3Call call)
    {
        var ifMatch = call.Header("If-Match");
        var size = call.Header("x-amz-if-match-size");
        var modified = Time(call.Header("x-amz-if-match-last-modified-time"));
        if (size is not null && !long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw S3Errors.InvalidArgument("x-amz-if-match-size", size, "x-amz-if-match-size must be a number");
        return ifMatch is null && size is null && modified is null
            ? WriteConditions.None
            : new WriteConditions
            {
                IfMatch = ifMatch is null ? null : Unquote(ifMatch),
                IfLengthBytes = size is null ? null : long.Parse(size, CultureInfo.InvariantCulture),
                IfLastModified = modified,
            };
    }

    /// <summary>Runs a write; If-Match on a key that is not there is told as such, as S3 does.</summary>
    public static async ValueTask<ObjectVersion> TellAbsentAsync(S3Services services, S3Call call, Func<ValueTask<ObjectVersion>> write, CancellationToken ct)
    {
        try
        {
            return await write();
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.PreconditionFailed && call.Header("If-Match") is not null)
        {
            await services.Store.HeadAsync(new ObjectAddress(call.Bucket, call.Key), ct);
            throw;
        }
    }

    /// <summary>An ETag without its quotes.</summary>
    public static string Unquote(string etag) => etag.Trim().Trim('"');

    /// <summary>Judges a version.</summary>
    public ConditionResult Judge(ObjectVersion version)
    {
        // Headers carry whole seconds.
        var modified = DateTimeOffset.FromUnixTimeSeconds(version.LastModified.ToUnixTimeSeconds());
        if (IfMatch is not null)
        {
            // An ETag that matches outweighs the time.
            if (!Names(IfMatch, version.ETag))
                return ConditionResult.Failed;
        }
        else if (IfUnmodifiedSince is { } unmodified && modified > unmodified)
        {
            return ConditionResult.Failed;
        }

        if (IfNoneMatch is not null)
            return Names(IfNoneMatch, version.ETag) ? ConditionResult.NotModified : ConditionResult.Proceed;
        return IfModifiedSince is { } since && modified <= since ? ConditionResult.NotModified : ConditionResult.Proceed;
    }

    private static bool Names(string list, string etag)
    {
        foreach (var item in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var tag = item.StartsWith("W/", StringComparison.Ordinal) ? item[2..] : item;
            if (tag == "*" || tag.Trim('"') == etag)
                return true;
        }

        return false;
    }

    /// <summary>A date that cannot be read is no condition (RFC 9110 section 13.1.3).</summary>
    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}

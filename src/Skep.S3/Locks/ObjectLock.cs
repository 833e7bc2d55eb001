using System.Globalization;
using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Locks;

/// <summary>Object lock: a bucket's configuration, and what a request says of an object's (user guide, "How S3 Object Lock works").</summary>
internal static class ObjectLock
{
    /// <summary>The query parameter that selects it; also the document's name in the store.</summary>
    public const string SubResource = "object-lock";

    /// <summary>The document's root element.</summary>
    public const string Root = "ObjectLockConfiguration";

    private const int YearsMax = 100;
    private const int DaysMax = 36_500;

    /// <summary>A bucket's configuration; null when it has no object lock.</summary>
    public static async ValueTask<XmlElement?> FindAsync(S3Services services, string bucket, CancellationToken ct) =>
        await services.Store.FindDocumentAsync(bucket, SubResource, ct) is { } stored ? XmlDocumentReader.Read(stored) : null;

    /// <summary>Turns object lock on for a new bucket.</summary>
    public static ValueTask EnableAsync(S3Services services, string bucket, CancellationToken ct) =>
        services.Store.PutDocumentAsync(bucket, SubResource, new S3Xml(Root).Element("ObjectLockEnabled", "Enabled").Finish(), ct);

    /// <summary>Requires that the bucket has object lock.</summary>
    /// <exception cref="S3Exception">It has not.</exception>
    public static async ValueTask RequireAsync(S3Services services, string bucket, CancellationToken ct)
    {
        if (await FindAsync(services, bucket, ct) is null)
            throw S3Errors.InvalidRequest("Bucket is missing Object Lock Configuration");
    }

    /// <summary>Checks a configuration.</summary>
    /// <exception cref="S3Exception">MalformedXML or InvalidArgument.</exception>
    public static void Check(XmlElement root)
    {
        if (root.Name != Root || root.Value("ObjectLockEnabled") != "Enabled")
            throw S3Errors.MalformedXml("expected ObjectLockConfiguration with ObjectLockEnabled Enabled");
        if (root["Rule"] is not { } rule)
            return;
        var retention = rule["DefaultRetention"] ?? throw S3Errors.MalformedXml("a Rule has no DefaultRetention");
        ParseMode(retention.Value("Mode"));
        if (retention["Days"] is null == retention["Years"] is null)
            throw S3Errors.MalformedXml("a DefaultRetention has either Days or Years");
        CheckPeriod(retention.Value("Days"), DaysMax);
        CheckPeriod(retention.Value("Years"), YearsMax);
    }

    /// <summary>What a new object is locked with: by the request's headers, else by the bucket's default.</summary>
    /// <exception cref="S3Exception">The headers are wrong, or the bucket has no object lock.</exception>
    public static async ValueTask<(Retention Retention, bool IsLegalHold)> OfUploadAsync(S3Services services, S3Call call, CancellationToken ct)
    {
        var mode = call.Header("x-amz-object-lock-mode");
        var until = call.Header("x-amz-object-lock-retain-until-date");
        var hold = call.Header("x-amz-object-lock-legal-hold");
        var configuration = await FindAsync(services, call.Bucket, ct);
        if (configuration is null)
        {
            return mode is null && until is null && hold is null
                ? default
                : throw S3Errors.InvalidRequest("Bucket is missing Object Lock Configuration");
        }

        if (mode is null != until is null)
            throw S3Errors.InvalidArgument("x-amz-object-lock-mode", mode ?? "", "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
        if (hold is not (null or "ON" or "OFF"))
            throw S3Errors.InvalidArgument("x-amz-object-lock-legal-hold", hold, "Legal Hold must be either of 'ON' or 'OFF'");
        if (mode is not null)
            await services.Authorization.RequireAsync(call, "s3:PutObjectRetention", ct);
        if (hold is not null)
            await services.Authorization.RequireAsync(call, "s3:PutObjectLegalHold", ct);
        var retention = mode is not null ? ParseRetention(mode, until!, services.Time.GetUtcNow()) : Default(configuration, services.Time.GetUtcNow());
        return (retention, hold == "ON");
    }

    /// <summary>A retention of a mode and a time that is still to come.</summary>
    /// <exception cref="S3Exception">It is none.</exception>
    public static Retention ParseRetention(string mode, string until, DateTimeOffset now)
    {
        var parsed = ParseMode(mode);
        if (!DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            throw S3Errors.InvalidArgument("RetainUntilDate", until, "The retain until date must be provided in ISO 8601 format");
        return time > now ? new Retention(parsed, time) : throw S3Errors.InvalidArgument("RetainUntilDate", until, "The retain until date must be in the future!");
    }

    /// <summary>A mode's name in the API.</summary>
    public static string NameOf(RetentionMode mode) => mode is RetentionMode.Compliance ? "COMPLIANCE" : "GOVERNANCE";

    private static Retention Default(XmlElement configuration, DateTimeOffset now)
    {
        if (configuration["Rule"]?["DefaultRetention"] is not { } retention)
            return default;
        var mode = ParseMode(retention.Value("Mode"));
        return retention.Value("Days") is { } days
            ? new Retention(mode, now.AddDays(int.Parse(days, CultureInfo.InvariantCulture)))
            : new Retention(mode, now.AddYears(int.Parse(retention.Value("Years")!, CultureInfo.InvariantCulture)));
    }

    private static RetentionMode ParseMode(string? mode) => mode switch
    {
        "GOVERNANCE" => RetentionMode.Governance,
        "COMPLIANCE" => RetentionMode.Compliance,
        _ => throw S3Errors.MalformedXml($"the mode is {mode}, expected GOVERNANCE or COMPLIANCE"),
    };

    private static void CheckPeriod(string? period, int max)
    {
        if (period is not null && (!int.TryParse(period, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || value < 1 || value > max))
            throw S3Errors.Of("InvalidRetentionPeriod", 400, $"the default retention period is {period}, and must be 1 to {max}");
    }
}

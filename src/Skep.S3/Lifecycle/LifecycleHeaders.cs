using System.Globalization;
using Skep.Objects;
using Skep.S3.Requests;

namespace Skep.S3.Lifecycle;

/// <summary>Says in answers what lifecycle rules will do. Always in calendar days: what a test's short day does to it, nobody is told.</summary>
internal static class LifecycleHeaders
{
    /// <summary>Says when a current version expires.</summary>
    public static async ValueTask WriteExpirationAsync(S3Services services, S3Call call, ObjectVersion version, CancellationToken ct)
    {
        if (version.IsLatest && (await services.Lifecycle.FindAsync(services.Store, call.Bucket, ct)).Expiration(version, LifecycleClock.Calendar) is { } due)
            call.Response.Headers["x-amz-expiration"] = $"expiry-date=\"{Date(due.At)}\", rule-id=\"{Uri.EscapeDataString(due.RuleId)}\"";
    }

    /// <summary>Says when an upload is aborted.</summary>
    public static async ValueTask WriteAbortAsync(S3Services services, S3Call call, UploadInfo upload, CancellationToken ct)
    {
        if ((await services.Lifecycle.FindAsync(services.Store, call.Bucket, ct)).Abort(upload, LifecycleClock.Calendar) is not { } due)
            return;
        call.Response.Headers["x-amz-abort-date"] = Date(due.At);
        call.Response.Headers["x-amz-abort-rule-id"] = Uri.EscapeDataString(due.RuleId);
    }

    private static string Date(DateTimeOffset time) => time.ToString("R", CultureInfo.InvariantCulture);
}

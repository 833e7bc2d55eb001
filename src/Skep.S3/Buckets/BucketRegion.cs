using System.Text;

namespace Skep.S3.Buckets;

/// <summary>The region that a bucket was made for, where one was named. It is kept and shown; all buckets are in one place.</summary>
internal static class BucketRegion
{
    /// <summary>The region that is not named.</summary>
    public const string Default = "us-east-1";

    private const string DocumentName = "location";
    private const int LengthMax = 32;

    /// <summary>Whether it can be the name of a region.</summary>
    public static bool IsValid(string region) =>
        region.Length is > 0 and <= LengthMax && region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>The location constraint; empty for none.</summary>
    public static async ValueTask<string> FindAsync(S3Services services, string bucket, CancellationToken ct) =>
        await services.Store.FindDocumentAsync(bucket, DocumentName, ct) is { } document ? Encoding.UTF8.GetString(document.Span) : "";

    /// <summary>Keeps the location constraint of a new bucket.</summary>
    public static ValueTask SetAsync(S3Services services, string bucket, string region, CancellationToken ct) =>
        services.Store.PutDocumentAsync(bucket, DocumentName, Encoding.UTF8.GetBytes(region), ct);
}

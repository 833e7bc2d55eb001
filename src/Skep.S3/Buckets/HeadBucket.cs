using System.Globalization;
using Microsoft.AspNetCore.Http;
using Skep.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Buckets;

/// <summary>Says whether a bucket exists and the caller may look into it.</summary>
internal sealed class HeadBucket(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "HeadBucket";

    /// <inheritdoc/>
    public override S3Route Route => new("HEAD", S3Level.Bucket);

    /// <inheritdoc/>
    public override string Action => "s3:ListBucket";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var region = await BucketRegion.FindAsync(services, call.Bucket, ct);
        call.Response.Headers["x-amz-bucket-region"] = region.Length > 0 ? region : BucketRegion.Default;
        if (string.Equals(call.Query["read-stats"], "true", StringComparison.OrdinalIgnoreCase))
            WriteUsage(call.Response.Headers, call.BucketInfo);
        call.Response.ContentType = "application/xml";
        call.SendEmpty();
    }

    /// <summary>What the bucket holds and may hold, in the headers that Ceph Object Gateway sends where read-stats asks for them; -1 is no limit.</summary>
    private static void WriteUsage(IHeaderDictionary headers, BucketInfo bucket)
    {
        headers["X-RGW-Object-Count"] = Number(bucket.Usage.Objects);
        headers["X-RGW-Bytes-Used"] = Number(bucket.Usage.Bytes);
        headers["X-RGW-Quota-Bucket-Size"] = Number(bucket.Quota.BytesMax ?? -1);
        headers["X-RGW-Quota-Bucket-Objects"] = Number(bucket.Quota.ObjectsMax ?? -1);
        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }
}

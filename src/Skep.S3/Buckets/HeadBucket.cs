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
        call.Response.ContentType = "application/xml";
        call.SendEmpty();
    }
}

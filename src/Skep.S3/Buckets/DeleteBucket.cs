using Microsoft.AspNetCore.Http;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Buckets;

/// <summary>Deletes an empty bucket.</summary>
internal sealed class DeleteBucket(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "DeleteBucket";

    /// <inheritdoc/>
    public override S3Route Route => new("DELETE", S3Level.Bucket);

    /// <inheritdoc/>
    public override string Action => "s3:DeleteBucket";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await services.Store.DeleteBucketAsync(call.Bucket, ct);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}

using Microsoft.AspNetCore.Http;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Policies;

/// <summary>Takes a bucket's policy away.</summary>
internal sealed class DeleteBucketPolicy(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "DeleteBucketPolicy";

    /// <inheritdoc/>
    public override S3Route Route => new("DELETE", S3Level.Bucket, "policy");

    /// <inheritdoc/>
    public override string Action => "s3:DeleteBucketPolicy";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        await services.Store.DeleteDocumentAsync(call.Bucket, BucketPolicies.DocumentName, ct);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}

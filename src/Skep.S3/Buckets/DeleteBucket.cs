using Microsoft.AspNetCore.Http;
using Skep.Objects;
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
        try
        {
            await services.Store.DeleteBucketAsync(call.Bucket, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.BucketNotEmpty)
        {
            // Uploads that nobody completed do not keep a bucket; versions do.
            if ((await services.Store.ListVersionsAsync(new ListVersionsRequest { Bucket = call.Bucket, Max = 1 }, ct)).Versions.Count > 0)
                throw;
            await AbortUploadsAsync(call.Bucket, ct);
            await services.Store.DeleteBucketAsync(call.Bucket, ct);
        }

        call.SendEmpty(StatusCodes.Status204NoContent);
    }

    private async Task AbortUploadsAsync(string bucket, CancellationToken ct)
    {
        var page = await services.Store.ListUploadsAsync(new ListUploadsRequest { Bucket = bucket }, ct);
        while (page.Uploads.Count > 0)
        {
            foreach (var upload in page.Uploads)
                await services.Store.AbortUploadAsync(new UploadAddress(bucket, upload.Key, upload.UploadId), ct);
            page = await services.Store.ListUploadsAsync(new ListUploadsRequest { Bucket = bucket }, ct);
        }
    }
}

using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Buckets;

/// <summary>Makes a bucket. Making one's own again succeeds, as in us-east-1.</summary>
internal sealed class CreateBucket(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "CreateBucket";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket);

    /// <inheritdoc/>
    public override string Action => "s3:CreateBucket";

    /// <inheritdoc/>
    public override bool NeedsBucket => false;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        if (!BucketName.IsValid(call.Bucket))
            throw S3Errors.InvalidBucketName(call.Bucket);
        await ReadConfigurationAsync(call, ct);
        try
        {
            await services.Store.CreateBucketAsync(call.Bucket, call.Caller.AccountId, ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.BucketExists)
        {
            var existing = await services.Store.HeadBucketAsync(call.Bucket, ct);
            if (existing.Owner != call.Caller.AccountId)
                throw S3Errors.BucketAlreadyExists(call.Bucket);
        }

        call.Response.Headers.Location = $"/{call.Bucket}";
        call.SendEmpty();
    }

    private static async Task ReadConfigurationAsync(S3Call call, CancellationToken ct)
    {
        if (call.Http.Request.ContentLength is null or 0 && call.Header("Transfer-Encoding") is null)
            return;
        var root = await call.ReadXmlAsync(ct);
        if (root.Name != "CreateBucketConfiguration")
            throw S3Errors.MalformedXml($"the root element is {root.Name}, expected CreateBucketConfiguration");
    }
}

using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Locks;

/// <summary>Shows a bucket's object lock configuration.</summary>
internal sealed class GetObjectLockConfiguration(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetObjectLockConfiguration";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, ObjectLock.SubResource);

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketObjectLockConfiguration";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var stored = await services.Store.FindDocumentAsync(call.Bucket, ObjectLock.SubResource, ct)
            ?? throw S3Errors.NoSuchDocument("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", call.Bucket);
        await call.SendAsync(stored, "application/xml", ct);
    }
}

using Skep.Objects;
using Skep.S3.Errors;
using Skep.S3.Locks;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Buckets;

/// <summary>Turns versions on, or new ones off.</summary>
internal sealed class PutBucketVersioning(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutBucketVersioning";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket, "versioning");

    /// <inheritdoc/>
    public override string Action => "s3:PutBucketVersioning";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var root = await call.ReadXmlAsync(ct);
        if (root.Value("MfaDelete") == "Enabled" || call.Header("x-amz-mfa") is not null)
            throw S3Errors.NotImplemented("PutBucketVersioning with MfaDelete");
        var state = root.Value("Status") switch
        {
            "Enabled" => VersioningState.Enabled,
            "Suspended" => VersioningState.Suspended,
            null => throw S3Errors.IllegalVersioning(),
            var other => throw S3Errors.MalformedXml($"Status is {other}, expected Enabled or Suspended"),
        };
        if (state is VersioningState.Suspended && await ObjectLock.FindAsync(services, call.Bucket, ct) is not null)
            throw S3Errors.InvalidBucketState("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
        await services.Store.SetVersioningAsync(call.Bucket, state, ct);
        call.SendEmpty();
    }
}

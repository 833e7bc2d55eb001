using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Policies;

/// <summary>Shows a bucket's policy, byte for byte as it was given.</summary>
internal sealed class GetBucketPolicy(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetBucketPolicy";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "policy");

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketPolicy";

    /// <summary>What is said of a bucket without a policy.</summary>
    public static S3Exception NoPolicy(string bucket) => S3Errors.NoSuchDocument("NoSuchBucketPolicy", "The bucket policy does not exist", bucket);

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var document = await services.Store.FindDocumentAsync(call.Bucket, BucketPolicies.DocumentName, ct) ?? throw NoPolicy(call.Bucket);
        await call.SendAsync(document, "application/json", ct);
    }
}

using Microsoft.AspNetCore.Http;
using Skep.Core.Identity.Policies;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Policies;

/// <summary>Sets a bucket's policy.</summary>
internal sealed class PutBucketPolicy(S3Services services) : S3Operation
{
    private static readonly int _bytesMax = PolicyRules.Bucket("").BytesMax;

    /// <inheritdoc/>
    public override string Name => "PutBucketPolicy";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket, "policy");

    /// <inheritdoc/>
    public override string Action => "s3:PutBucketPolicy";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var document = await call.Body.ReadAllAsync(call, _bytesMax, ct);
        var policy = BucketPolicies.Parse(document, call.Bucket);
        if (policy.IsPublic && (await PublicAccessBlock.FindAsync(services.Store, call.Bucket, ct)).BlocksPublicPolicy)
            throw S3Errors.AccessDenied("public policies are blocked by the bucket's public access block");
        await services.Store.PutDocumentAsync(call.Bucket, BucketPolicies.DocumentName, document, ct);
        call.SendEmpty(StatusCodes.Status204NoContent);
    }
}

using Skep.S3.Acls;
using Skep.S3.Documents;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Xml;

namespace Skep.S3.Policies;

/// <summary>Says whether the bucket is public by its policy or its access control list.</summary>
internal sealed class GetBucketPolicyStatus(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetBucketPolicyStatus";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "policyStatus");

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketPolicyStatus";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var policy = await services.Policies.FindAsync(services.Store, call.Bucket, ct);
        var list = await AclStore.OfBucketAsync(services.Store, call.BucketInfo, ct);
        var block = await PublicAccessBlock.FindAsync(services.Store, call.Bucket, ct);
        var isPublic = (policy is { IsPublic: true } && !block.RestrictsPublicBuckets) || (list.IsPublic && !block.IgnoresPublicAcls);
        await call.SendAsync(new S3Xml("PolicyStatus").Element("IsPublic", isPublic), ct);
    }
}

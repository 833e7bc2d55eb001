using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Acls;

/// <summary>Shows a bucket's access control list.</summary>
internal sealed class GetBucketAcl(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "GetBucketAcl";

    /// <inheritdoc/>
    public override S3Route Route => new("GET", S3Level.Bucket, "acl");

    /// <inheritdoc/>
    public override string Action => "s3:GetBucketAcl";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var list = await AclStore.OfBucketAsync(services.Store, call.BucketInfo, ct);
        await call.SendAsync(AclXml.Write(list, services.Accounts, call.BucketInfo.Owner), ct);
    }
}

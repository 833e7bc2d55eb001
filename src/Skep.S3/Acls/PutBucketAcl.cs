using Skep.S3.Documents;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Acls;

/// <summary>Sets a bucket's access control list.</summary>
internal sealed class PutBucketAcl(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutBucketAcl";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket, "acl");

    /// <inheritdoc/>
    public override string Action => "s3:PutBucketAcl";

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var owner = call.BucketInfo.Owner;
        var list = AclRequest.FromHeaders(call, services.Accounts, owner, owner)
            ?? AclRequest.FromXml(await call.ReadXmlAsync(ct), services.Accounts, owner);
        var ownership = await OwnershipControls.FindAsync(services.Store, call.Bucket, ct);
        await AclStore.CheckAsync(services, call.Bucket, list, ownership, call.Header("x-amz-acl"), owner, ct);
        await AclStore.SetAsync(services.Store, call.Bucket, list, ct);
        call.SendEmpty();
    }
}

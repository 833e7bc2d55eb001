using Skep.Objects;
using Skep.S3.Documents;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Acls;

/// <summary>Sets an object's access control list.</summary>
internal sealed class PutObjectAcl(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "PutObjectAcl";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Object, "acl");

    /// <inheritdoc/>
    public override string Action => "s3:PutObjectAcl";

    /// <inheritdoc/>
    public override string ActionFor(S3Call call) => call.Query.Has("versionId") ? "s3:PutObjectVersionAcl" : Action;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        var version = await services.Store.HeadAsync(call.Address, ct);
        var owner = version.Metadata.Owner;
        var list = AclRequest.FromHeaders(call, services.Accounts, owner, call.BucketInfo.Owner)
            ?? AclRequest.FromXml(await call.ReadXmlAsync(ct), services.Accounts, owner);
        var ownership = await OwnershipControls.FindAsync(services.Store, call.Bucket, ct);
        await AclStore.CheckAsync(services, call.Bucket, list, ownership, call.Header("x-amz-acl"), owner, ct);
        // The version that was looked at, not one that became current meanwhile.
        await services.Store.UpdateAsync(call.Address with { VersionId = version.VersionId }, new ObjectUpdate { Acl = list.Encode() }, ct);
        await services.Events.PublishAsync(call, S3Event.Of(NotificationEvents.AclPut, call.BucketInfo, version));
        ObjectHeaders.WriteVersionId(call, version.VersionId);
        call.SendEmpty();
    }
}

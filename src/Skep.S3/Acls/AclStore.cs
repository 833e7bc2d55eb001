using Skep.Objects;
using Skep.S3.Access;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Acls;

/// <summary>Where access control lists are: a bucket's in a document, an object's beside it.</summary>
internal static class AclStore
{
    private const string DocumentName = "acl";

    /// <summary>A bucket's list.</summary>
    public static async ValueTask<AccessControlList> OfBucketAsync(IObjectBackend store, BucketInfo bucket, CancellationToken ct) =>
        AccessControlList.Decode(await store.FindDocumentAsync(bucket.Name, DocumentName, ct) ?? default, bucket.Owner);

    /// <summary>An object's list.</summary>
    public static AccessControlList OfObject(ObjectVersion version) => AccessControlList.Decode(version.Metadata.Acl, version.Metadata.Owner);

    /// <summary>Sets a bucket's list.</summary>
    public static ValueTask SetAsync(IObjectBackend store, string bucket, AccessControlList list, CancellationToken ct) =>
        store.PutDocumentAsync(bucket, DocumentName, list.Encode(), ct);

    /// <summary>The list of a new object, in its stored form: empty for the private one.</summary>
    /// <exception cref="S3Exception">The bucket does not allow it.</exception>
    public static async ValueTask<byte[]> OfUploadAsync(S3Services services, S3Call call, CancellationToken ct)
    {
        if (!AclRequest.HasHeaders(call))
            return [];
        var ownership = await OwnershipControls.FindAsync(services.Store, call.Bucket, ct);
        var owner = ownership is OwnershipControls.BucketOwnerEnforced ? call.BucketInfo.Owner : call.Caller.AccountId;
        var list = AclRequest.FromHeaders(call, services.Accounts, owner, call.BucketInfo.Owner);
        if (list is null)
            return [];
        await CheckAsync(services, call.Bucket, list, ownership, call.Header("x-amz-acl"), owner, ct);
        return list.Encode();
    }

    /// <summary>Checks that a bucket takes a list.</summary>
    /// <exception cref="S3Exception">AccessControlListNotSupported, or AccessDenied where public lists are blocked.</exception>
    public static async ValueTask CheckAsync(S3Services services, string bucket, AccessControlList list, string? ownership, string? canned, string owner, CancellationToken ct)
    {
        if (ownership is OwnershipControls.BucketOwnerEnforced && canned != "bucket-owner-full-control" && (canned is not null || !list.IsPrivateTo(owner)))
            throw S3Errors.Of("AccessControlListNotSupported", 400, "The bucket does not allow ACLs");
        if (list.IsPublic && (await PublicAccessBlock.FindAsync(services.Store, bucket, ct)).BlocksPublicAcls)
            throw S3Errors.AccessDenied("public access control lists are blocked by the bucket's public access block");
    }
}

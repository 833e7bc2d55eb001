using Skep.Objects;
using Skep.S3.Acls;
using Skep.S3.Documents;
using Skep.S3.Encryption;
using Skep.S3.Locks;
using Skep.S3.Requests;

namespace Skep.S3.Objects;

/// <summary>Puts together what a new object has beside its bytes.</summary>
internal static class UploadMetadata
{
    /// <summary>The metadata that the request's headers and the bucket's settings make.</summary>
    /// <exception cref="Errors.S3Exception">A header is wrong, or asks for what is not there.</exception>
    public static async ValueTask<ObjectMetadata> MakeAsync(S3Services services, S3Call call, WriteEncryption encryption, CancellationToken ct)
    {
        var (retention, isLegalHold) = await ObjectLock.OfUploadAsync(services, call, ct);
        return new ObjectMetadata
        {
            Headers = UploadHeaders.Read(call),
            Tags = call.RequestTags,
            Owner = await OwnerAsync(services, call, ct),
            Acl = await AclStore.OfUploadAsync(services, call, ct),
            Encryption = encryption.Stored,
            Retention = retention,
            IsLegalHold = isLegalHold,
        };
    }

    /// <summary>Whose the object will be: the writer's, unless the bucket's owner takes what it is given.</summary>
    public static async ValueTask<string> OwnerAsync(S3Services services, S3Call call, CancellationToken ct)
    {
        if (call.Caller.AccountId == call.BucketInfo.Owner)
            return call.Caller.AccountId;
        return await OwnershipControls.FindAsync(services.Store, call.Bucket, ct) switch
        {
            OwnershipControls.BucketOwnerEnforced => call.BucketInfo.Owner,
            OwnershipControls.BucketOwnerPreferred when call.Header("x-amz-acl") == "bucket-owner-full-control" => call.BucketInfo.Owner,
            _ => call.Caller.AccountId,
        };
    }
}

using Skep.Core.Identity;
using Skep.Objects;
using Skep.S3.Acls;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Access;

/// <summary>
/// Decides what a caller may do: the one place that operations ask. The account that owns a bucket rules it; others, and
/// nobody in particular, may do what an access control list gives them.
/// </summary>
internal sealed class S3Authorization(ObjectStoreHost store)
{
    /// <summary>Requires that the caller may do something on the bucket or object that the request addresses.</summary>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    public ValueTask RequireAsync(S3Call call, string action, CancellationToken ct) =>
        RequireAsync(call, action, call.Bucket, call.Key, call.Query["versionId"], ct);

    /// <summary>Requires that the caller may do something.</summary>
    /// <exception cref="S3Exception">AccessDenied.</exception>
    public async ValueTask RequireAsync(S3Call call, string action, string bucket, string key, string? versionId, CancellationToken ct)
    {
        if (bucket.Length == 0 || action == "s3:CreateBucket")
        {
            if (call.Caller.Principal is not { } principal || !Rules(principal, action))
                throw S3Errors.AccessDenied();
            return;
        }

        var info = call.HasBucketInfo && call.BucketInfo.Name == bucket ? call.BucketInfo : await store.Backend.HeadBucketAsync(bucket, ct);
        if (!await MayAsync(call.Caller, action, info, key, versionId, ct))
            throw S3Errors.AccessDenied();
    }

    private async ValueTask<bool> MayAsync(S3Caller caller, string action, BucketInfo bucket, string key, string? versionId, CancellationToken ct)
    {
        var needs = AclNeeds.Of(action);
        var isOwner = caller.Principal is { } principal && principal.AccountId == bucket.Owner && Rules(principal, action);
        if (needs is { IsObject: true })
        {
            var version = await FindAsync(bucket.Name, key, versionId, ct);
            // Whether there is an object is told only to who may list.
            if (version is null)
                return isOwner || await GivesAsync(caller, bucket, AclPermission.Read, ct);
            var isForeign = version.Metadata.Owner != bucket.Owner && await OwnershipControls.FindAsync(store.Backend, bucket.Name, ct) != OwnershipControls.BucketOwnerEnforced;
            return (isOwner && !isForeign) || await GivesAsync(caller, bucket, AclStore.OfObject(version), needs.Value.Permission, ct);
        }

        return isOwner || (needs is { } need && await GivesAsync(caller, bucket, need.Permission, ct));
    }

    private async ValueTask<bool> GivesAsync(S3Caller caller, BucketInfo bucket, AclPermission permission, CancellationToken ct) =>
        await GivesAsync(caller, bucket, await AclStore.OfBucketAsync(store.Backend, bucket, ct), permission, ct);

    private async ValueTask<bool> GivesAsync(S3Caller caller, BucketInfo bucket, AccessControlList list, AclPermission permission, CancellationToken ct)
    {
        if (!list.Gives(caller.AccountId, permission))
            return false;
        if (await OwnershipControls.FindAsync(store.Backend, bucket.Name, ct) is OwnershipControls.BucketOwnerEnforced)
            return false;
        // Members of an account are given what the account is, as far as the account lets them.
        if (caller.Principal is { } principal && !Rules(principal, permission is AclPermission.Read or AclPermission.ReadAcp))
            return false;
        return !list.IsPublic
            || !(await PublicAccessBlock.FindAsync(store.Backend, bucket.Name, ct)).IgnoresPublicAcls
            || list.Gives(caller.AccountId, permission, ignoringPublic: true);
    }

    private async ValueTask<ObjectVersion?> FindAsync(string bucket, string key, string? versionId, CancellationToken ct)
    {
        try
        {
            return await store.Backend.HeadAsync(new ObjectAddress(bucket, key, string.IsNullOrEmpty(versionId) ? null : versionId), ct);
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchKey or ObjectError.NoSuchVersion or ObjectError.IsDeleteMarker or ObjectError.InvalidArgument)
        {
            return null;
        }
    }

    private static bool Rules(Principal principal, string action) =>
        Rules(principal, isRead: action.StartsWith("s3:Get", StringComparison.Ordinal) || action.StartsWith("s3:List", StringComparison.Ordinal));

    /// <summary>What members of an account may do in it: administrators everything, others read.</summary>
    private static bool Rules(Principal principal, bool isRead) => isRead || principal.IsMaster || principal.Groups.Contains(Principal.AccountAdministratorsGroup);
}

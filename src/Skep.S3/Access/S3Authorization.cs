using Skep.Core.Identity;
using Skep.Core.Identity.Policies;
using Skep.Objects;
using Skep.S3.Acls;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Policies;
using Skep.S3.Requests;

namespace Skep.S3.Access;

/// <summary>
/// Decides what a caller may do: the one place that operations ask. A policy's deny ends the matter; what policies allow
/// (the bucket's, and for the bucket's own account those of the caller) is allowed; beyond that an access control list
/// may give it. Objects that another account owns are out of the bucket's owner's reach.
/// </summary>
internal sealed class S3Authorization(ObjectStoreHost store, BucketPolicies policies, TimeProvider time)
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
            if (call.Caller.Principal is not { } principal || IdentityPolicies(principal).Count == 0)
                throw S3Errors.AccessDenied();
            return;
        }

        var info = call.HasBucketInfo && call.BucketInfo.Name == bucket ? call.BucketInfo : await store.Backend.HeadBucketAsync(bucket, ct);
        if (!await MayAsync(call, action, info, key, versionId, ct))
            throw S3Errors.AccessDenied();
    }

    private async ValueTask<bool> MayAsync(S3Call call, string action, BucketInfo bucket, string key, string? versionId, CancellationToken ct)
    {
        var caller = call.Caller;
        var needs = AclNeeds.Of(action);
        var policy = await policies.FindAsync(store.Backend, bucket.Name, ct);
        // Looked at only where it matters: for lists of its own, and for conditions on its tags.
        var version = key.Length > 0 && (needs is { IsObject: true } || policy is not null) ? await FindAsync(bucket.Name, key, versionId, ct) : null;
        var decision = Decide(call, action, bucket, key, version, policy);
        if (decision.Outcome is PolicyOutcome.ExplicitDeny)
            return IsRecovery(caller, action, bucket);
        var isAllowed = decision.IsAllowed && !await IsRestrictedAsync(caller, bucket, policy, decision, ct);
        if (needs is not { } need)
            return isAllowed;
        if (!need.IsObject)
            return isAllowed || await GivesAsync(caller, bucket, await AclStore.OfBucketAsync(store.Backend, bucket, ct), need.Permission, ct);
        // Whether there is an object is told only to who may list.
        if (version is null)
            return (isAllowed && decision.Source is PolicySource.Identity) || await MayAsync(call, "s3:ListBucket", bucket, key: "", versionId: null, ct);
        if (isAllowed && !await IsForeignAsync(bucket, version, ct))
            return true;
        return await GivesAsync(caller, bucket, AclStore.OfObject(version), need.Permission, ct);
    }

    private PolicyDecision Decide(S3Call call, string action, BucketInfo bucket, string key, ObjectVersion? version, Policy? policy)
    {
        var set = new PolicySet { Identity = call.Caller.Principal is { } principal ? IdentityPolicies(principal) : [], Resource = policy };
        return PolicyEvaluator.Evaluate(set, PolicyQuestion.Of(call, action, bucket, key, version, time.GetUtcNow()));
    }

    /// <summary>Who rules the account can always undo a policy that shuts everybody out, as AWS's root user can.</summary>
    private static bool IsRecovery(S3Caller caller, string action, BucketInfo bucket) =>
        action is "s3:GetBucketPolicy" or "s3:PutBucketPolicy" or "s3:DeleteBucketPolicy"
        && caller.AccountId == bucket.Owner
        && caller.Principal is { } principal
        && IdentityPolicies(principal).Count > 0;

    /// <summary>Whether a public policy does not count for this caller (RestrictPublicBuckets).</summary>
    private async ValueTask<bool> IsRestrictedAsync(S3Caller caller, BucketInfo bucket, Policy? policy, PolicyDecision decision, CancellationToken ct) =>
        decision.Source is PolicySource.Resource
        && policy is { IsPublic: true }
        && caller.AccountId != bucket.Owner
        && (await PublicAccessBlock.FindAsync(store.Backend, bucket.Name, ct)).RestrictsPublicBuckets;

    private async ValueTask<bool> IsForeignAsync(BucketInfo bucket, ObjectVersion version, CancellationToken ct) =>
        version.Metadata.Owner != bucket.Owner && await OwnershipControls.FindAsync(store.Backend, bucket.Name, ct) != OwnershipControls.BucketOwnerEnforced;

    private async ValueTask<bool> GivesAsync(S3Caller caller, BucketInfo bucket, AccessControlList list, AclPermission permission, CancellationToken ct)
    {
        if (!list.Gives(caller.AccountId, permission))
            return false;
        if (await OwnershipControls.FindAsync(store.Backend, bucket.Name, ct) is OwnershipControls.BucketOwnerEnforced)
            return false;
        // A list gives to the account; its members get it by their own policies.
        if (caller.Principal is { } principal && IdentityPolicies(principal).Count == 0)
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

    /// <summary>What a caller's own policies are: administrators of an account have the one that allows everything in it.</summary>
    private static IReadOnlyList<Policy> IdentityPolicies(Principal principal) =>
        principal.Groups.Contains(Principal.AccountAdministratorsGroup) ? [BuiltInPolicies.AdministratorAccess] : BuiltInPolicies.Of(principal);
}

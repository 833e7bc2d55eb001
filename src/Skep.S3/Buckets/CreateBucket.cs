using Skep.Objects;
using Skep.S3.Acls;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Locks;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Buckets;

/// <summary>Makes a bucket. Making one's own again succeeds, as in us-east-1; where another region is named it does not, as there.</summary>
internal sealed class CreateBucket(S3Services services) : S3Operation
{
    /// <inheritdoc/>
    public override string Name => "CreateBucket";

    /// <inheritdoc/>
    public override S3Route Route => new("PUT", S3Level.Bucket);

    /// <inheritdoc/>
    public override string Action => "s3:CreateBucket";

    /// <inheritdoc/>
    public override bool NeedsBucket => false;

    /// <inheritdoc/>
    public override async Task RunAsync(S3Call call, CancellationToken ct)
    {
        if (!BucketName.IsValid(call.Bucket))
            throw S3Errors.InvalidBucketName(call.Bucket);
        var owner = call.Caller.AccountId;
        var region = await ReadRegionAsync(call, ct);
        var list = AclRequest.FromHeaders(call, services.Accounts, owner, owner);
        var ownership = call.Header("x-amz-object-ownership");
        if (ownership is not null && !OwnershipControls.IsValid(ownership))
            throw S3Errors.InvalidArgument("x-amz-object-ownership", ownership, "Invalid x-amz-object-ownership header");
        if (ownership is OwnershipControls.BucketOwnerEnforced && list is not null && !list.IsPrivateTo(owner))
            throw S3Errors.Of("InvalidBucketAclWithObjectOwnership", 400, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
        if (await TryCreateAsync(call, owner, region, list, ct))
            await FurnishAsync(call, region, list, ownership, ct);
        call.Response.Headers.Location = $"/{call.Bucket}";
        call.SendEmpty();
    }

    private async Task<bool> TryCreateAsync(S3Call call, string owner, string region, AccessControlList? list, CancellationToken ct)
    {
        try
        {
            await services.Store.CreateBucketAsync(call.Bucket, owner, ct);
            return true;
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.BucketExists)
        {
            var existing = await services.Store.HeadBucketAsync(call.Bucket, ct);
            if (existing.Owner != owner)
                throw S3Errors.BucketAlreadyExists(call.Bucket);
            if (region.Length > 0)
                throw S3Errors.Of("BucketAlreadyOwnedByYou", 409, "Your previous request to create the named bucket succeeded and you already own it.");
            // One's own again is a success, but nothing that it has may silently stay as it is against the request.
            var present = await AclStore.OfBucketAsync(services.Store, existing, ct);
            return present.Grants.SequenceEqual((list ?? AccessControlList.PrivateTo(owner)).Grants) ? false : throw S3Errors.BucketAlreadyExists(call.Bucket);
        }
    }

    private async Task FurnishAsync(S3Call call, string region, AccessControlList? list, string? ownership, CancellationToken ct)
    {
        if (region.Length > 0)
            await BucketRegion.SetAsync(services, call.Bucket, region, ct);
        if (ownership is not null)
            await OwnershipControls.SetAsync(services.Store, call.Bucket, ownership, ct);
        if (list is not null)
            await AclStore.SetAsync(services.Store, call.Bucket, list, ct);
        if (string.Equals(call.Header("x-amz-bucket-object-lock-enabled"), "true", StringComparison.OrdinalIgnoreCase))
        {
            await services.Store.SetVersioningAsync(call.Bucket, VersioningState.Enabled, ct);
            await ObjectLock.EnableAsync(services, call.Bucket, ct);
        }
    }

    private static async Task<string> ReadRegionAsync(S3Call call, CancellationToken ct)
    {
        if (call.Http.Request.ContentLength is null or 0 && call.Header("Transfer-Encoding") is null)
            return "";
        var root = await call.ReadXmlAsync(ct);
        if (root.Name != "CreateBucketConfiguration")
            throw S3Errors.MalformedXml($"the root element is {root.Name}, expected CreateBucketConfiguration");
        if (root["Bucket"] is not null || root["Location"] is not null)
            throw S3Errors.NotImplemented("CreateBucket of a directory bucket");
        if (root.Value("LocationConstraint") is not { } region)
            return "";
        if (!BucketRegion.IsValid(region))
            throw S3Errors.InvalidLocationConstraint(region);
        return region == BucketRegion.Default ? "" : region;
    }
}

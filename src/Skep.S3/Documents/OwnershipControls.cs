using Skep.Objects;
using Skep.S3.Acls;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>
/// Who owns objects that others put into a bucket. A bucket that says nothing is as S3's buckets were before the setting
/// existed: the writer owns them, and access control lists count.
/// </summary>
internal static class OwnershipControls
{
    /// <summary>Access control lists do not count; the bucket's owner owns everything.</summary>
    public const string BucketOwnerEnforced = "BucketOwnerEnforced";

    /// <summary>The bucket's owner owns what is given to it.</summary>
    public const string BucketOwnerPreferred = "BucketOwnerPreferred";

    /// <summary>The writer owns it.</summary>
    public const string ObjectWriter = "ObjectWriter";

    private const string SubResource = "ownershipControls";

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "OwnershipControls",
        GetName = "GetBucketOwnershipControls",
        PutName = "PutBucketOwnershipControls",
        DeleteName = "DeleteBucketOwnershipControls",
        GetAction = "s3:GetBucketOwnershipControls",
        PutAction = "s3:PutBucketOwnershipControls",
        NotFound = static bucket => S3Errors.NoSuchDocument("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", bucket),
        Check = static root =>
        {
            if (root.Children.Count != 1 || !IsValid(root["Rule"]?.Value("ObjectOwnership")))
                throw S3Errors.MalformedXml($"expected one Rule with ObjectOwnership {BucketOwnerEnforced}, {BucketOwnerPreferred} or {ObjectWriter}");
        },
        CheckBucket = static async (services, call, root, ct) =>
        {
            if (root["Rule"]!.Value("ObjectOwnership") == BucketOwnerEnforced && !(await AclStore.OfBucketAsync(services.Store, call.BucketInfo, ct)).IsPrivateTo(call.BucketInfo.Owner))
                throw S3Errors.Of("InvalidBucketAclWithObjectOwnership", 400, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
        },
    };

    /// <summary>Whether it is a setting.</summary>
    public static bool IsValid(string? ownership) => ownership is BucketOwnerEnforced or BucketOwnerPreferred or ObjectWriter;

    /// <summary>A bucket's setting; null for none.</summary>
    public static async ValueTask<string?> FindAsync(IObjectBackend store, string bucket, CancellationToken ct) =>
        await store.FindDocumentAsync(bucket, SubResource, ct) is { } stored ? XmlDocumentReader.Read(stored)["Rule"]?.Value("ObjectOwnership") : null;

    /// <summary>Sets a new bucket's.</summary>
    public static ValueTask SetAsync(IObjectBackend store, string bucket, string ownership, CancellationToken ct) =>
        store.PutDocumentAsync(bucket, SubResource, new S3Xml("OwnershipControls").Open("Rule").Element("ObjectOwnership", ownership).Finish(), ct);
}

using Skep.S3.Acls;
using Skep.S3.Buckets;
using Skep.S3.Documents;
using Skep.S3.Forms;
using Skep.S3.Listing;
using Skep.S3.Locks;
using Skep.S3.Multipart;
using Skep.S3.Objects;
using Skep.S3.Policies;
using Skep.S3.Requests;
using Skep.S3.Tagging;

namespace Skep.S3.Routing;

/// <summary>The list of all operations.</summary>
internal static class S3Operations
{
    /// <summary>Makes them.</summary>
    public static IReadOnlyList<S3Operation> Create(S3Services services) =>
    [
        new ListBuckets(services),
        new CreateBucket(services),
        new HeadBucket(services),
        new DeleteBucket(services),
        new GetBucketLocation(services),
        new GetBucketVersioning(),
        new PutBucketVersioning(services),
        new GetBucketAcl(services),
        new PutBucketAcl(services),
        new GetObjectLockConfiguration(services),
        new PutObjectLockConfiguration(services),
        new GetBucketPolicy(services),
        new PutBucketPolicy(services),
        new DeleteBucketPolicy(services),
        new GetBucketPolicyStatus(services),
        .. BucketDocuments.CreateOperations(services),
        new Preflight(services, S3Level.Bucket),
        new Preflight(services, S3Level.Object),
        new ListObjects(services),
        new ListObjectsV2(services),
        new ListObjectVersions(services),
        new PostObject(services),
        new PutObject(services),
        new CopyObject(services),
        new GetObject(services),
        new HeadObject(services),
        new DeleteObject(services),
        new DeleteObjects(services),
        new GetObjectAttributes(services),
        new GetObjectAcl(services),
        new PutObjectAcl(services),
        new GetObjectTagging(services),
        new PutObjectTagging(services),
        new DeleteObjectTagging(services),
        new GetObjectRetention(services),
        new PutObjectRetention(services),
        new GetObjectLegalHold(services),
        new PutObjectLegalHold(services),
        new CreateMultipartUpload(services),
        new UploadPart(services),
        new UploadPartCopy(services),
        new ListParts(services),
        new ListMultipartUploads(services),
        new CompleteMultipartUpload(services),
        new AbortMultipartUpload(services),
    ];
}

using Skep.S3.Buckets;
using Skep.S3.Listing;
using Skep.S3.Objects;

namespace Skep.S3.Routing;

/// <summary>The list of all operations.</summary>
internal static class S3Operations
{
    /// <summary>Makes them.</summary>
    public static IReadOnlyList<S3Operation> Create(S3Services services) =>
    [
        new ListBuckets(services),
        new CreateBucket(services),
        new HeadBucket(),
        new DeleteBucket(services),
        new PutObject(services),
        new GetObject(services),
        new HeadObject(services),
        new DeleteObject(services),
        new ListObjects(services),
        new ListObjectsV2(services),
    ];
}

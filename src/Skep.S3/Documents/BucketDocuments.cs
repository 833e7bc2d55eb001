using Skep.S3.Logging;
using Skep.S3.Notifications;
using Skep.S3.Routing;
using Skep.S3.Websites;

namespace Skep.S3.Documents;

/// <summary>The settings documents that buckets have.</summary>
internal static class BucketDocuments
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<BucketDocument> All { get; } =
    [
        BucketTagging.Document,
        BucketEncryption.Document,
        CorsConfiguration.Document,
        LifecycleConfiguration.Document,
        LoggingConfiguration.Document,
        NotificationConfiguration.Document,
        OwnershipControls.Document,
        PublicAccessBlock.Document,
        WebsiteConfiguration.Document,
    ];

    /// <summary>Their operations.</summary>
    public static IEnumerable<S3Operation> CreateOperations(S3Services services)
    {
        foreach (var document in All)
        {
            yield return new GetBucketDocument(services, document);
            yield return new PutBucketDocument(services, document);
            if (document.DeleteName is not null)
                yield return new DeleteBucketDocument(services, document);
        }
    }
}

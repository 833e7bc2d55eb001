using Skep.S3.Requests;

namespace Skep.S3.Routing;

/// <summary>What S3 has and this endpoint answers with NotImplemented, by name, so that nothing seems to work that does not.</summary>
internal static class RefusedOperations
{
    private static readonly Dictionary<S3Route, string> _names = new()
    {
        [new("GET", S3Level.Bucket, "accelerate")] = "GetBucketAccelerateConfiguration",
        [new("PUT", S3Level.Bucket, "accelerate")] = "PutBucketAccelerateConfiguration",
        [new("GET", S3Level.Bucket, "analytics")] = "GetBucketAnalyticsConfiguration",
        [new("PUT", S3Level.Bucket, "analytics")] = "PutBucketAnalyticsConfiguration",
        [new("DELETE", S3Level.Bucket, "analytics")] = "DeleteBucketAnalyticsConfiguration",
        [new("GET", S3Level.Bucket, "intelligent-tiering")] = "GetBucketIntelligentTieringConfiguration",
        [new("PUT", S3Level.Bucket, "intelligent-tiering")] = "PutBucketIntelligentTieringConfiguration",
        [new("DELETE", S3Level.Bucket, "intelligent-tiering")] = "DeleteBucketIntelligentTieringConfiguration",
        [new("GET", S3Level.Bucket, "inventory")] = "GetBucketInventoryConfiguration",
        [new("PUT", S3Level.Bucket, "inventory")] = "PutBucketInventoryConfiguration",
        [new("DELETE", S3Level.Bucket, "inventory")] = "DeleteBucketInventoryConfiguration",
        [new("GET", S3Level.Bucket, "metrics")] = "GetBucketMetricsConfiguration",
        [new("PUT", S3Level.Bucket, "metrics")] = "PutBucketMetricsConfiguration",
        [new("DELETE", S3Level.Bucket, "metrics")] = "DeleteBucketMetricsConfiguration",
        [new("GET", S3Level.Bucket, "metadataTable")] = "GetBucketMetadataTableConfiguration",
        [new("POST", S3Level.Bucket, "metadataTable")] = "CreateBucketMetadataTableConfiguration",
        [new("DELETE", S3Level.Bucket, "metadataTable")] = "DeleteBucketMetadataTableConfiguration",
        [new("GET", S3Level.Bucket, "replication")] = "GetBucketReplication",
        [new("PUT", S3Level.Bucket, "replication")] = "PutBucketReplication",
        [new("DELETE", S3Level.Bucket, "replication")] = "DeleteBucketReplication",
        [new("PUT", S3Level.Bucket, "requestPayment")] = "PutBucketRequestPayment",
        [new("GET", S3Level.Bucket, "session")] = "CreateSession",
        [new("PUT", S3Level.Object, "renameObject")] = "RenameObject",
        [new("POST", S3Level.Object, "restore")] = "RestoreObject",
        [new("POST", S3Level.Object, "select")] = "SelectObjectContent",
        [new("GET", S3Level.Object, "torrent")] = "GetObjectTorrent",
        [new("POST", S3Level.Service, "")] = "WriteGetObjectResponse",
    };

    /// <summary>The routes of what is refused.</summary>
    public static IReadOnlyCollection<S3Route> Routes => _names.Keys;

    /// <summary>The name of a refused operation, or null.</summary>
    public static string? Find(S3Route route) => _names.GetValueOrDefault(route);
}

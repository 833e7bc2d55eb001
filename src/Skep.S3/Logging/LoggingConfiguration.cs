using Skep.Objects;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Logging;

/// <summary>Whether and where requests to a bucket are logged (API reference, "BucketLoggingStatus"). An empty one ends it.</summary>
internal static class LoggingConfiguration
{
    /// <summary>The query parameter that selects it; also the document's name in the store.</summary>
    public const string SubResource = "logging";

    /// <summary>The document.</summary>
    public static BucketDocument Document { get; } = new()
    {
        SubResource = SubResource,
        Root = "BucketLoggingStatus",
        GetName = "GetBucketLogging",
        PutName = "PutBucketLogging",
        GetAction = "s3:GetBucketLogging",
        PutAction = "s3:PutBucketLogging",
        Check = static root => Parse(root),
        CheckBucket = CheckTargetAsync,
    };

    /// <summary>Reads a configuration; null where nothing is logged.</summary>
    /// <exception cref="S3Exception">MalformedXML or NotImplemented.</exception>
    public static LogTarget? Parse(XmlElement root)
    {
        if (root["LoggingEnabled"] is not { } enabled)
            return root.Children.Count == 0 ? null : throw S3Errors.MalformedXml($"it has {root.Children[0].Name}, expected LoggingEnabled");
        if (enabled.Value("TargetBucket") is not { Length: > 0 } bucket || enabled.Value("TargetPrefix") is not { } prefix)
            throw S3Errors.MalformedXml("LoggingEnabled has no TargetBucket or no TargetPrefix");
        if (enabled["TargetGrants"] is { Children.Count: > 0 })
            throw S3Errors.NotImplemented("PutBucketLogging with TargetGrants");
        var format = enabled["TargetObjectKeyFormat"];
        var partitioned = format?["PartitionedPrefix"];
        if (format is not null && (format.Children.Count != 1 || (partitioned is null && format["SimplePrefix"] is null)))
            throw S3Errors.MalformedXml("TargetObjectKeyFormat has SimplePrefix or PartitionedPrefix");
        if (partitioned?.Value("PartitionDateSource") is { } source and not "DeliveryTime")
            throw source == "EventTime" ? S3Errors.NotImplemented("PutBucketLogging with PartitionDateSource EventTime") : S3Errors.MalformedXml($"PartitionDateSource is {source}, expected DeliveryTime or EventTime");
        return new LogTarget(bucket, prefix, partitioned is not null);
    }

    private static async ValueTask CheckTargetAsync(S3Services services, S3Call call, XmlElement root, CancellationToken ct)
    {
        if (Parse(root) is not { } target)
            return;
        try
        {
            var bucket = await services.Store.HeadBucketAsync(target.Bucket, ct);
            if (bucket.Owner != call.BucketInfo.Owner)
                throw S3Errors.Of("InvalidTargetBucketForLogging", 400, "The owner for the bucket to be logged and the target bucket must be the same.");
            if (!await services.Logs.MayDeliverAsync(target, bucket, call.Bucket, ct))
                throw S3Errors.Of("InvalidTargetBucketForLogging", 400, "The target bucket's policy must allow s3:PutObject to the service logging.s3.amazonaws.com.");
        }
        catch (ObjectException ex) when (ex.Error is ObjectError.NoSuchBucket)
        {
            throw S3Errors.Of("InvalidTargetBucketForLogging", 400, "The target bucket for logging does not exist");
        }
    }
}

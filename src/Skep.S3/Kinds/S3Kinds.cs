using Skep.Core.Resources;

namespace Skep.S3.Kinds;

/// <summary>The kinds of group s3.skep.dev.</summary>
public static class S3Kinds
{
    private const string Group = "s3.skep.dev";

    /// <summary>Where events of buckets go. Sensitive because of its secret: only administrators read it.</summary>
    public static readonly Kind<Topic> Topic = new(S3Json.Default.Topic)
    {
        Group = Group, Name = "Topic", Plural = "topics", IsSensitive = true,
        Description = "Where events of S3 buckets go: a webhook, or Events.",
        Columns = [new("State", "status.state"), new("URL", "spec.url"), new("Message", "status.message", Wide: true)],
        Validate = TopicRules.Validate,
    };

    /// <summary>Limits of what buckets hold.</summary>
    public static readonly Kind<ObjectQuota> ObjectQuota = new(S3Json.Default.ObjectQuota)
    {
        Group = Group, Name = "ObjectQuota", Plural = "objectquotas",
        Description = "What an S3 bucket, or all buckets of the namespace's account, may hold.",
        Columns =
        [
            new("Bucket", "spec.bucket"), new("State", "status.state"), new("Bytes", "status.bytes", "integer"), new("Max-Bytes", "spec.bytesMax", "integer"),
            new("Objects", "status.objects", "integer"), new("Max-Objects", "spec.objectsMax", "integer"), new("Message", "status.message", Wide: true),
        ],
        Validate = ObjectQuotaRules.Validate,
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Kind> All { get; } = [Topic, ObjectQuota];
}

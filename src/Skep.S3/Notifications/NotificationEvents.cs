namespace Skep.S3.Notifications;

/// <summary>The names of events (user guide, "Supported event types for S3 notifications"), without "s3:".</summary>
internal static class NotificationEvents
{
    public const string Put = "ObjectCreated:Put";
    public const string Post = "ObjectCreated:Post";
    public const string Copy = "ObjectCreated:Copy";
    public const string CompleteMultipartUpload = "ObjectCreated:CompleteMultipartUpload";
    public const string Delete = "ObjectRemoved:Delete";
    public const string DeleteMarkerCreated = "ObjectRemoved:DeleteMarkerCreated";
    public const string ExpirationDelete = "LifecycleExpiration:Delete";
    public const string ExpirationMarkerCreated = "LifecycleExpiration:DeleteMarkerCreated";
    public const string TaggingPut = "ObjectTagging:Put";
    public const string TaggingDelete = "ObjectTagging:Delete";
    public const string AclPut = "ObjectAcl:Put";

    private static readonly string[] _all =
        [Put, Post, Copy, CompleteMultipartUpload, Delete, DeleteMarkerCreated, ExpirationDelete, ExpirationMarkerCreated, TaggingPut, TaggingDelete, AclPut];

    /// <summary>The events that a name in a configuration means: itself, or with a star at its end all that begin so; none for other names.</summary>
    public static IReadOnlyList<string> Expand(string name)
    {
        if (!name.StartsWith("s3:", StringComparison.Ordinal))
            return [];
        var rest = name[3..];
        // The star stands for the part after the colon; s3:* is no event.
        return rest.EndsWith(":*", StringComparison.Ordinal)
            ? [.. _all.Where(e => e.StartsWith(rest[..^1], StringComparison.Ordinal))]
            : [.. _all.Where(e => e == rest)];
    }
}

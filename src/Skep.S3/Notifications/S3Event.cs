using Skep.Objects;

namespace Skep.S3.Notifications;

/// <summary>Something that happened to an object.</summary>
internal sealed record S3Event
{
    /// <summary>Its name, without "s3:".</summary>
    public required string Name { get; init; }

    /// <summary>The bucket.</summary>
    public required BucketInfo Bucket { get; init; }

    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>Bytes, where there is an object afterwards.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>The ETag, where there is an object afterwards.</summary>
    public string? ETag { get; init; }

    /// <summary>The version, in buckets that have versions.</summary>
    public string? VersionId { get; init; }

    /// <summary>The store's number of the change; 0 where it has none.</summary>
    public long Sequence { get; init; }

    /// <summary>Who did it: an account's or user's id.</summary>
    public string PrincipalId { get; init; } = "";

    /// <summary>From where.</summary>
    public string SourceAddress { get; init; } = "";

    /// <summary>The request's id.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>A version that was made.</summary>
    public static S3Event Of(string name, BucketInfo bucket, ObjectVersion version) => new()
    {
        Name = name,
        Bucket = bucket,
        Key = version.Key,
        SizeBytes = version.LengthBytes,
        ETag = version.ETag,
        VersionId = bucket.Versioning is VersioningState.None ? null : version.VersionId,
        Sequence = version.Sequence,
    };

    /// <summary>A deletion that was made.</summary>
    public static S3Event Of(string deleted, string markerCreated, BucketInfo bucket, DeleteRequest request, DeleteResult result) => new()
    {
        // Removing a marker by its version id is a removal like any other.
        Name = result.IsDeleteMarker && request.VersionId is null ? markerCreated : deleted,
        Bucket = bucket,
        Key = request.Key,
        VersionId = bucket.Versioning is VersioningState.None ? null : result.VersionId,
        Sequence = result.Sequence,
    };
}

namespace Skep.Objects;

/// <summary>A bucket, as it was at one moment.</summary>
public sealed record BucketInfo
{
    /// <summary>Its name, unique in the store.</summary>
    public required string Name { get; init; }

    /// <summary>Whose it is; the caller's word.</summary>
    public required string Owner { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>What happens to replaced versions.</summary>
    public required VersioningState Versioning { get; init; }

    /// <summary>What it may hold.</summary>
    public required BucketQuota Quota { get; init; }

    /// <summary>What it holds, exactly; zero where <see cref="IsUsageKnown"/> is false.</summary>
    public required BucketUsage Usage { get; init; }

    /// <summary>Whether the store counts what its buckets hold.</summary>
    public bool IsUsageKnown { get; init; } = true;
}

/// <summary>What a bucket may hold; null is no limit.</summary>
/// <param name="BytesMax">Bytes of all versions and of parts not completed yet.</param>
/// <param name="ObjectsMax">Versions, without delete markers.</param>
public readonly record struct BucketQuota(long? BytesMax, long? ObjectsMax);

/// <summary>What a bucket holds. Copies count in full even where they share their data on disk.</summary>
/// <param name="Bytes">Bytes of all versions.</param>
/// <param name="Objects">Versions, without delete markers.</param>
/// <param name="UploadBytes">Bytes of the parts of uploads that are not completed.</param>
public readonly record struct BucketUsage(long Bytes, long Objects, long UploadBytes)
{
    /// <summary>What two hold together.</summary>
    public static BucketUsage operator +(BucketUsage a, BucketUsage b) => new(a.Bytes + b.Bytes, a.Objects + b.Objects, a.UploadBytes + b.UploadBytes);

    /// <summary>What is left of one without the other.</summary>
    public static BucketUsage operator -(BucketUsage a, BucketUsage b) => new(a.Bytes - b.Bytes, a.Objects - b.Objects, a.UploadBytes - b.UploadBytes);
}

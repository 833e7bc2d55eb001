namespace Skep.Objects;

/// <summary>
/// What must hold of a key's current version when a write becomes visible; decided atomically with it. A delete marker
/// counts as no version. ETags are without quotes; "*" stands for any.
/// </summary>
public sealed record WriteConditions
{
    /// <summary>Nothing has to hold.</summary>
    public static WriteConditions None { get; } = new();

    /// <summary>There must be no version.</summary>
    public static WriteConditions IfAbsent { get; } = new() { IfNoneMatch = "*" };

    /// <summary>The current version must have this ETag.</summary>
    public string? IfMatch { get; init; }

    /// <summary>The current version must not have this ETag.</summary>
    public string? IfNoneMatch { get; init; }

    /// <summary>The current version must be of this second (S3's conditional delete).</summary>
    public DateTimeOffset? IfLastModified { get; init; }

    /// <summary>The current version must have this length (S3's conditional delete).</summary>
    public long? IfLengthBytes { get; init; }
}

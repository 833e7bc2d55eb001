namespace Skep.Objects;

/// <summary>What is to be deleted.</summary>
public sealed record DeleteRequest
{
    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>The version to remove for good; null to delete as the bucket's versioning says.</summary>
    public string? VersionId { get; init; }

    /// <summary>What must hold; of the version named, else of the current one. An object that is not there fails If-Match.</summary>
    public WriteConditions Conditions { get; init; } = WriteConditions.None;

    /// <summary>The version that is named must not be the latest: a newer one may have been deleted meanwhile.</summary>
    public bool IfNoncurrent { get; init; }

    /// <summary>Removes a version in spite of a governance retention.</summary>
    public bool BypassesGovernance { get; init; }
}

/// <summary>What a deletion did. Deleting what is not there succeeds.</summary>
/// <param name="VersionId">The version that was removed, or the marker that was made; null when neither (S3 sends no id then).</param>
/// <param name="IsDeleteMarker">Whether that is a delete marker.</param>
public readonly record struct DeleteResult(string? VersionId, bool IsDeleteMarker)
{
    /// <summary>The change's number, among those of <see cref="ObjectVersion.Sequence"/>; 0 when nothing changed or a backend has none.</summary>
    public long Sequence { get; init; }
}

/// <summary>What became of one of many deletions: a result or a failure.</summary>
public readonly record struct DeleteOutcome(DeleteResult Result, ObjectException? Failure);

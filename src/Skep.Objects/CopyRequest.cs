namespace Skep.Objects;

/// <summary>
/// A copy inside the store. No byte is read: both share the data. An encrypted source stays encrypted with its key; a caller
/// that wants another key reads and writes instead.
/// </summary>
public sealed record CopyRequest
{
    /// <summary>What is copied.</summary>
    public required ObjectAddress Source { get; init; }

    /// <summary>What the source's ETag must be: what the caller saw when it decided to copy. Null for any.</summary>
    public string? SourceIfMatch { get; init; }

    /// <summary>The bucket that the copy is made in.</summary>
    public required string Bucket { get; init; }

    /// <summary>The key of the copy.</summary>
    public required string Key { get; init; }

    /// <summary>
    /// Makes the copy's metadata from the source's: keeps, replaces, or mixes. Called inside the write, perhaps more than once:
    /// it only computes.
    /// </summary>
    public required Func<ObjectVersion, ObjectMetadata> Metadata { get; init; }

    /// <summary>What must hold of the target at the moment of the write.</summary>
    public WriteConditions Conditions { get; init; } = WriteConditions.None;
}

namespace Skep.Objects;

/// <summary>Asks for a page of the buckets, in order of their names.</summary>
public sealed record ListBucketsRequest
{
    /// <summary>Only names that begin so.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Only names after this one.</summary>
    public string? StartAfter { get; init; }

    /// <summary>Only buckets of this owner; null for all.</summary>
    public string? Owner { get; init; }

    /// <summary>How many at most.</summary>
    public int Max { get; init; } = 10_000;
}

/// <summary>A page of buckets.</summary>
public sealed record BucketPage(IReadOnlyList<BucketInfo> Buckets, bool IsTruncated);

/// <summary>
/// Asks for a page of a bucket's current objects, in order of their keys' UTF-8 bytes. Keys that have the delimiter after
/// the prefix are rolled up to a common prefix, which is passed over in one step however many keys it has.
/// </summary>
public sealed record ListRequest
{
    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>Only keys that begin so.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Empty for none; may be longer than one character.</summary>
    public string Delimiter { get; init; } = "";

    /// <summary>Only keys and common prefixes after this one.</summary>
    public string? StartAfter { get; init; }

    /// <summary>How many keys and common prefixes at most.</summary>
    public int Max { get; init; } = 1_000;
}

/// <summary>A page of objects.</summary>
/// <param name="Objects">The objects.</param>
/// <param name="CommonPrefixes">The common prefixes.</param>
/// <param name="NextStartAfter">Where the next page begins; null when this is the last.</param>
public sealed record ObjectPage(IReadOnlyList<ObjectVersion> Objects, IReadOnlyList<string> CommonPrefixes, string? NextStartAfter);

/// <summary>Asks for a page of a bucket's versions and delete markers: in order of keys, the newest of a key first.</summary>
public sealed record ListVersionsRequest
{
    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>Only keys that begin so.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Empty for none.</summary>
    public string Delimiter { get; init; } = "";

    /// <summary>Only keys after this one, and of this one the versions after <see cref="VersionIdMarker"/>.</summary>
    public string? KeyMarker { get; init; }

    /// <summary>A version id, or the marker of the page before.</summary>
    public string? VersionIdMarker { get; init; }

    /// <summary>How many versions and common prefixes at most.</summary>
    public int Max { get; init; } = 1_000;
}

/// <summary>A page of versions; the markers are null when this is the last page.</summary>
public sealed record VersionPage(IReadOnlyList<ObjectVersion> Versions, IReadOnlyList<string> CommonPrefixes, string? NextKeyMarker, string? NextVersionIdMarker);

using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Documents;

/// <summary>
/// A settings document of a bucket: what the API calls it, how it is checked, and what is said when there is none. From one
/// of these come its Get, Put and Delete operations.
/// </summary>
internal sealed record BucketDocument
{
    /// <summary>The query parameter that selects it; also its name in the store.</summary>
    public required string SubResource { get; init; }

    /// <summary>The document's root element.</summary>
    public required string Root { get; init; }

    /// <summary>The API's name of reading it.</summary>
    public required string GetName { get; init; }

    /// <summary>The API's name of writing it.</summary>
    public required string PutName { get; init; }

    /// <summary>The API's name of deleting it; null where it cannot be deleted.</summary>
    public string? DeleteName { get; init; }

    /// <summary>The IAM action of reading it.</summary>
    public required string GetAction { get; init; }

    /// <summary>The IAM action of writing it.</summary>
    public required string PutAction { get; init; }

    /// <summary>The IAM action of deleting it; that of writing it, most often.</summary>
    public string DeleteAction { get => field ?? PutAction; init; }

    /// <summary>The failure of reading one that is not there; null for an empty document.</summary>
    public Func<string, S3Exception>? NotFound { get; init; }

    /// <summary>Checks one that is to be stored, and may complete it.</summary>
    public required Action<XmlElement> Check { get; init; }

    /// <summary>Checks one against what the bucket has besides; null where that does not matter.</summary>
    public Func<S3Services, S3Call, XmlElement, CancellationToken, ValueTask>? CheckBucket { get; init; }

    /// <summary>Whether S3 takes it only with a digest.</summary>
    public bool NeedsDigest { get; init; }

    /// <summary>The status of an answer to writing it.</summary>
    public int PutStatus { get; init; } = 200;
}

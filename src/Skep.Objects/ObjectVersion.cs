namespace Skep.Objects;

/// <summary>One version of an object, or a delete marker, as it was at one moment.</summary>
public sealed record ObjectVersion
{
    /// <summary>The id of the version that writes without versioning make.</summary>
    public const string NullId = "null";

    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>Its id: <see cref="NullId"/>, or what the store calls it (32 hexadecimal digits in Skep's own stores); empty in lists of stores that do not say.</summary>
    public required string VersionId { get; init; }

    /// <summary>A number that grows with every change of the store: of two versions of a key the later one's is greater. 0 where a backend has none.</summary>
    public long Sequence { get; init; }

    /// <summary>Whether it is what a request without a version id gets.</summary>
    public bool IsLatest { get; init; }

    /// <summary>Whether it only says that the object was deleted; it has no bytes then.</summary>
    public bool IsDeleteMarker { get; init; }

    /// <summary>Bytes of content, as the client sent them.</summary>
    public long LengthBytes { get; init; }

    /// <summary>Hexadecimal MD5, or "md5-of-md5s-N" of N parts; an HMAC of it where the writer gave a key for that. Without quotes. Empty for delete markers.</summary>
    public string ETag { get; init; } = "";

    /// <summary>When it was written, to the millisecond.</summary>
    public required DateTimeOffset LastModified { get; init; }

    /// <summary>The checksum that was asked for when it was written.</summary>
    public ObjectChecksum? Checksum { get; init; }

    /// <summary>How many parts it was uploaded in; 0 when not in parts.</summary>
    public int PartCount { get; init; }

    /// <summary>What the caller stored beside it.</summary>
    public ObjectMetadata Metadata { get; init; } = ObjectMetadata.Empty;
}

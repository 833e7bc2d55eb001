namespace Skep.Objects;

/// <summary>Begins an upload in parts.</summary>
public sealed record CreateUploadRequest
{
    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>What the object will have beside its bytes.</summary>
    public ObjectMetadata Metadata { get; init; } = ObjectMetadata.Empty;

    /// <summary>The checksum that parts and object get.</summary>
    public ChecksumAlgorithm? Checksum { get; init; }

    /// <summary>Of what the object's checksum is; full-object only for CRCs, which can be combined.</summary>
    public ChecksumType ChecksumType { get; init; }
}

/// <summary>Names an upload.</summary>
public readonly record struct UploadAddress(string Bucket, string Key, string UploadId);

/// <summary>An upload that was neither completed nor aborted.</summary>
public sealed record UploadInfo
{
    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>Its id, 32 hexadecimal digits.</summary>
    public required string UploadId { get; init; }

    /// <summary>When it was begun.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>What the object will have beside its bytes.</summary>
    public required ObjectMetadata Metadata { get; init; }

    /// <summary>The checksum that parts and object get.</summary>
    public ChecksumAlgorithm? Checksum { get; init; }

    /// <summary>Of what the object's checksum is.</summary>
    public ChecksumType ChecksumType { get; init; }
}

/// <summary>An uploaded part.</summary>
/// <param name="Number">Its number.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="ETag">Hexadecimal MD5.</param>
/// <param name="LastModified">When it was uploaded.</param>
/// <param name="Checksum">Its checksum, where the upload has one.</param>
public sealed record PartInfo(int Number, long LengthBytes, string ETag, DateTimeOffset LastModified, ObjectChecksum? Checksum);

/// <summary>Makes a part of an upload from an object; no byte is read unless a checksum has to be computed.</summary>
public sealed record CopyPartRequest
{
    /// <summary>The upload.</summary>
    public required UploadAddress Upload { get; init; }

    /// <summary>The part's number, 1 to 10,000.</summary>
    public required int Number { get; init; }

    /// <summary>What is copied.</summary>
    public required ObjectAddress Source { get; init; }

    /// <summary>What the source's ETag must be; null for any.</summary>
    public string? SourceIfMatch { get; init; }

    /// <summary>Where the range begins in the source, in bytes.</summary>
    public long Offset { get; init; }

    /// <summary>The range's length; null for all that follows.</summary>
    public long? LengthBytes { get; init; }

    /// <summary>The key of an encrypted source; the part stays encrypted with it.</summary>
    public ReadOnlyMemory<byte>? EncryptionKey { get; init; }
}

/// <summary>Asks for a page of an upload's parts, in order of their numbers.</summary>
public sealed record ListPartsRequest(UploadAddress Upload, int AfterNumber = 0, int Max = 1_000);

/// <summary>A page of parts.</summary>
public sealed record PartPage(UploadInfo Upload, IReadOnlyList<PartInfo> Parts, bool IsTruncated);

/// <summary>Asks for a page of a bucket's uploads: in order of keys, those of a key in the order they were begun.</summary>
public sealed record ListUploadsRequest
{
    /// <summary>The bucket.</summary>
    public required string Bucket { get; init; }

    /// <summary>Only keys that begin so.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Empty for none.</summary>
    public string Delimiter { get; init; } = "";

    /// <summary>Only keys after this one, and of this one the uploads after <see cref="UploadIdMarker"/>.</summary>
    public string? KeyMarker { get; init; }

    /// <summary>An upload's id.</summary>
    public string? UploadIdMarker { get; init; }

    /// <summary>How many uploads and common prefixes at most.</summary>
    public int Max { get; init; } = 1_000;
}

/// <summary>A page of uploads; the markers are null when this is the last page.</summary>
public sealed record UploadPage(IReadOnlyList<UploadInfo> Uploads, IReadOnlyList<string> CommonPrefixes, string? NextKeyMarker, string? NextUploadIdMarker);

/// <summary>Puts an object together from the parts of an upload, atomically. Completing again what was completed answers the same.</summary>
public sealed record CompleteUploadRequest
{
    /// <summary>The upload.</summary>
    public required UploadAddress Upload { get; init; }

    /// <summary>The parts, in ascending order of their numbers; parts not named are dropped.</summary>
    public required IReadOnlyList<CompletedPart> Parts { get; init; }

    /// <summary>The smallest that a part other than the last may be (S3: 5 MiB).</summary>
    public long PartBytesMin { get; init; }

    /// <summary>What must hold at the moment of the write.</summary>
    public WriteConditions Conditions { get; init; } = WriteConditions.None;

    /// <summary>The object's length as the client says; null when it does not.</summary>
    public long? LengthBytes { get; init; }

    /// <summary>The object's checksum as the client says; null when it does not.</summary>
    public ReadOnlyMemory<byte>? Checksum { get; init; }
}

/// <summary>A part that completion names.</summary>
/// <param name="Number">Its number.</param>
/// <param name="ETag">Its ETag, without quotes.</param>
/// <param name="Checksum">Its checksum as the client says; null when it does not.</param>
public sealed record CompletedPart(int Number, string ETag, ReadOnlyMemory<byte>? Checksum = null);

namespace Skep.Objects;

/// <summary>Why a call failed; a dialect's error table is made from these in one place.</summary>
public enum ObjectError
{
    /// <summary>There is no such bucket.</summary>
    NoSuchBucket,

    /// <summary>A bucket of that name exists.</summary>
    BucketExists,

    /// <summary>The bucket has versions, delete markers or uploads.</summary>
    BucketNotEmpty,

    /// <summary>The key has no current version; <see cref="ObjectException.Marker"/> is set when a delete marker is current.</summary>
    NoSuchKey,

    /// <summary>The key has no version of that id.</summary>
    NoSuchVersion,

    /// <summary>The version that was named is a delete marker: it can only be deleted.</summary>
    IsDeleteMarker,

    /// <summary>There is no such multipart upload, or it was completed or aborted.</summary>
    NoSuchUpload,

    /// <summary>A part that completion names does not exist or has another ETag or checksum.</summary>
    InvalidPart,

    /// <summary>Completion names parts that are not in ascending order.</summary>
    InvalidPartOrder,

    /// <summary>A part that is not the last is smaller than the caller's minimum.</summary>
    PartTooSmall,

    /// <summary>If-Match or If-None-Match does not hold.</summary>
    PreconditionFailed,

    /// <summary>A legal hold or a retention period forbids it.</summary>
    Locked,

    /// <summary>The bucket's quota would be exceeded.</summary>
    QuotaExceeded,

    /// <summary>The body is not what its digest says.</summary>
    BadDigest,

    /// <summary>The body ended before its declared length.</summary>
    IncompleteBody,

    /// <summary>The body is longer than declared, or than the caller's limit.</summary>
    TooLarge,

    /// <summary>A name, key, number or range is not valid; the message says which and what is.</summary>
    InvalidArgument,

    /// <summary>The object is encrypted and no key, or another one, was given.</summary>
    WrongKey,

    /// <summary>What the disk holds is not what was stored; it is not returned.</summary>
    Damaged,

    /// <summary>There is no room on the disk. Reading and deleting go on.</summary>
    NoSpace,

    /// <summary>The disk failed; it is not known whether what was asked has happened.</summary>
    Io,

    /// <summary>The store does not have what was asked for; the message names it.</summary>
    NotSupported,

    /// <summary>The store cannot be reached, or is too busy, at the moment; what was asked may or may not have happened.</summary>
    Unavailable,

    /// <summary>The store refuses who calls it (not the caller's caller): its credentials or rights are not what they should be.</summary>
    Refused,
}

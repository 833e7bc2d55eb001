namespace Skep.Objects;

/// <summary>
/// What the sender of a body says about it, and what is to be computed while it is read. A body that does not agree is
/// not stored. A body may also throw while it is read: nothing is stored then, and the exception goes to the caller.
/// </summary>
public sealed record BodyClaims
{
    /// <summary>Nothing is known.</summary>
    public static BodyClaims None { get; } = new();

    /// <summary>Its exact length in bytes, when known. Nothing is reserved by it.</summary>
    public long? LengthBytes { get; init; }

    /// <summary>More than this is refused with <see cref="ObjectError.TooLarge"/>.</summary>
    public long LengthBytesMax { get; init; } = long.MaxValue;

    /// <summary>Its MD5 (Content-MD5), 16 bytes.</summary>
    public ReadOnlyMemory<byte>? Md5 { get; init; }

    /// <summary>The checksum to compute and to keep.</summary>
    public ChecksumAlgorithm? Checksum { get; init; }

    /// <summary>
    /// Says what <see cref="Checksum"/> should be, null when the sender did not say. Asked once, after the body's end: a
    /// trailer is known only then.
    /// </summary>
    public Func<ReadOnlyMemory<byte>?>? ChecksumExpected { get; init; }

    /// <summary>Encrypts what is stored with this AES-256 key; the same is needed to read it. 32 bytes, or null for no encryption.</summary>
    public ReadOnlyMemory<byte>? EncryptionKey { get; init; }

    /// <summary>
    /// Makes an ETag that says nothing of the bytes to who lacks this key, and is the same for the same bytes and key, so that
    /// a part may be sent again; null for their MD5.
    /// </summary>
    public ReadOnlyMemory<byte>? ETagKey { get; init; }
}

namespace Skep.Objects;

/// <summary>What a caller stores beside an object's bytes. The store keeps it as given and in the given order.</summary>
public sealed record ObjectMetadata
{
    /// <summary>Nothing.</summary>
    public static ObjectMetadata Empty { get; } = new();

    /// <summary>Content-Type, Cache-Control, x-amz-meta-…: names and values.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Tags.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>Whose it is; the caller's word.</summary>
    public string Owner { get; init; } = "";

    /// <summary>An access control list, in the caller's form.</summary>
    public ReadOnlyMemory<byte> Acl { get; init; }

    /// <summary>How the object's key is found again, in the caller's form (SSE: algorithm, wrapped data key, key's MD5).</summary>
    public ReadOnlyMemory<byte> Encryption { get; init; }

    /// <summary>Until when the version may not be deleted.</summary>
    public Retention Retention { get; init; }

    /// <summary>The version may not be deleted until this is taken away.</summary>
    public bool IsLegalHold { get; init; }
}

/// <summary>Object lock: until when a version is kept (S3: PutObjectRetention).</summary>
public readonly record struct Retention(RetentionMode Mode, DateTimeOffset Until);

/// <summary>Who may shorten a retention.</summary>
public enum RetentionMode
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Who may bypass governance.</summary>
    Governance,

    /// <summary>Nobody.</summary>
    Compliance,
}

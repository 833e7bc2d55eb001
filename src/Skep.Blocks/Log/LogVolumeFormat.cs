namespace Skep.Blocks.Log;

/// <summary>What a volume is made with.</summary>
public sealed record LogVolumeFormat
{
    /// <summary>Size in bytes, a multiple of 512.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Data is encrypted in the store, in the log and in the cache, with a key of the volume's own.</summary>
    public bool IsEncrypted { get; init; }

    /// <summary>How data is compressed in the store.</summary>
    public LogCompression Compression { get; init; } = LogCompression.None;

    /// <summary>About how many bytes of data an object has; 64 KiB to 64 MiB.</summary>
    public int ObjectBytes { get; init; } = 8 << 20;

    /// <summary>What was never written reads from a base device given at each opening, until the volume is hydrated.</summary>
    public bool HasBase { get; init; }
}

/// <summary>How data is compressed in the store.</summary>
public enum LogCompression
{
    None = 0,

    /// <summary>zstd (RFC 8878), where it saves at least an eighth.</summary>
    Zstd = 1,
}

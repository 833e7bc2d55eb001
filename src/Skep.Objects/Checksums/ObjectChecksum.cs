namespace Skep.Objects;

/// <summary>A checksum of an object or a part.</summary>
/// <param name="Algorithm">How it was computed.</param>
/// <param name="Type">Of what: the bytes, or the checksums of the parts.</param>
/// <param name="Value">The digest; CRCs most significant byte first, as S3 has them in base64.</param>
public sealed record ObjectChecksum(ChecksumAlgorithm Algorithm, ChecksumType Type, ReadOnlyMemory<byte> Value)
{
    /// <summary>Whether both say the same.</summary>
    public bool Equals(ObjectChecksum? other) =>
        other is not null && Algorithm == other.Algorithm && Type == other.Type && Value.Span.SequenceEqual(other.Value.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Algorithm);
        hash.Add(Type);
        hash.AddBytes(Value.Span);
        return hash.ToHashCode();
    }
}

/// <summary>What a checksum of an object in parts covers (S3: ChecksumType).</summary>
public enum ChecksumType
{
    /// <summary>The object's bytes.</summary>
    FullObject,

    /// <summary>The checksums of its parts, one after the other.</summary>
    Composite,
}

/// <summary>S3's checksum algorithms.</summary>
public enum ChecksumAlgorithm
{
    /// <summary>CRC-32 of ISO 3309 (zlib, Ethernet).</summary>
    Crc32,

    /// <summary>CRC-32C (Castagnoli; RFC 3720).</summary>
    Crc32C,

    /// <summary>CRC-64/NVME.</summary>
    Crc64Nvme,

    /// <summary>SHA-1.</summary>
    Sha1,

    /// <summary>SHA-256.</summary>
    Sha256,
}

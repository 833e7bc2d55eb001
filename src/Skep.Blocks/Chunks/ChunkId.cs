using System.Buffers.Binary;

namespace Skep.Blocks.Chunks;

/// <summary>
/// The identity of a chunk: the SHA-256 of its plain content or, when it is encrypted, an HMAC-SHA256 of it, so that the
/// name tells nothing. <see langword="default"/> stands for a block of zeroes, which is never stored.
/// </summary>
public readonly record struct ChunkId
{
    /// <summary>Bytes of an identity.</summary>
    public const int Length = 32;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;

    /// <summary>Reads an identity from its <see cref="Length"/> bytes.</summary>
    public ChunkId(ReadOnlySpan<byte> bytes)
    {
        _first = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _second = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _third = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _fourth = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>Whether this stands for a block of zeroes.</summary>
    public bool IsZero => this == default;

    /// <summary>Writes the <see cref="Length"/> bytes.</summary>
    public void CopyTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _first);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], _second);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], _third);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], _fourth);
    }

    /// <summary>The identity is a hash already: a part of it spreads well enough.</summary>
    public override int GetHashCode() => (int)_fourth;

    /// <summary>64 hex digits.</summary>
    public override string ToString() => $"{_first:x16}{_second:x16}{_third:x16}{_fourth:x16}";
}

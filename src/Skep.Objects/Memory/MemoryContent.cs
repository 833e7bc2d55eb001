using System.Security.Cryptography;

namespace Skep.Objects.Memory;

/// <summary>An object's bytes in pieces that follow each other. Immutable, so copies share it.</summary>
internal sealed record MemoryContent(IReadOnlyList<MemoryPiece> Pieces)
{
    public static MemoryContent Empty { get; } = new([]);

    public long LengthBytes => Pieces.Sum(p => (long)p.Data.Length);

    public static MemoryContent Of(byte[] data, ReadOnlyMemory<byte>? key) => new([new MemoryPiece(0, data, null, KeyId(key))]);

    /// <summary>A range of it, as pieces of one part.</summary>
    public MemoryContent Slice(long offset, long length)
    {
        var pieces = new List<MemoryPiece>();
        foreach (var piece in Pieces)
        {
            var from = Math.Clamp(offset, 0, piece.Data.Length);
            var to = Math.Clamp(offset + length, 0, piece.Data.Length);
            if (to > from)
                pieces.Add(piece with { Part = 0, Checksum = null, Data = piece.Data[(int)from..(int)to] });
            offset -= piece.Data.Length;
        }

        return new MemoryContent(pieces);
    }

    public int Read(long offset, Span<byte> destination)
    {
        var count = 0;
        foreach (var piece in Slice(offset, destination.Length).Pieces)
        {
            piece.Data.Span.CopyTo(destination[count..]);
            count += piece.Data.Length;
        }

        return count;
    }

    /// <summary>Tells keys apart; empty for no key.</summary>
    public static string KeyId(ReadOnlyMemory<byte>? key) => key is { } k ? Convert.ToHexStringLower(SHA256.HashData(k.Span)) : "";
}

/// <summary>Some bytes.</summary>
/// <param name="Part">The number of the part that they are of; 0 when not in parts.</param>
/// <param name="Data">The bytes.</param>
/// <param name="Checksum">The part's checksum, with its first piece.</param>
/// <param name="KeyId">Which key reads them; empty for none.</param>
internal sealed record MemoryPiece(int Part, ReadOnlyMemory<byte> Data, ObjectChecksum? Checksum, string KeyId);

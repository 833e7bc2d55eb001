using System.Buffers.Binary;

namespace Skep.Blocks.Log;

/// <summary>
/// What a segment of the write-ahead log begins with: two equal copies in its first 4 KiB, of which either is enough
/// (docs/block-format.md, "Write-ahead log").
/// </summary>
internal sealed record WalSegmentHeader
{
    /// <summary>Bytes before the first record.</summary>
    public const int HeaderBytes = 4096;

    /// <summary>Bytes of a copy.</summary>
    public const int CopyBytes = 160;

    private const int SecondCopyAt = 2048;
    private const ushort Version = 1;
    private static ReadOnlySpan<byte> Magic => "SKEPWALS"u8;

    public required Guid VolumeId { get; init; }

    /// <summary>The log that the segment belongs to; another opener has another log.</summary>
    public required Guid WalId { get; init; }

    public required uint Epoch { get; init; }

    /// <summary>
    /// Counts the segments of the log as an opener puts them to use, from the highest that it found: of those that a loss of power
    /// took, a later opener uses the numbers again. In one directory no two have the same; see <see cref="IsYoungerThan"/>.
    /// </summary>
    public required uint Ordinal { get; init; }

    /// <summary>Random for each use of the file, so that records of an earlier use are not taken for new ones.</summary>
    public required ulong Generation { get; init; }

    /// <summary>The generation of the segment whose records these follow.</summary>
    public required ulong PreviousGeneration { get; init; }

    /// <summary>Number of the first record.</summary>
    public required ulong FirstSequence { get; init; }

    /// <summary>What was durable when the segment was put to use.</summary>
    public required ulong SyncedSequence { get; init; }

    public required bool IsEncrypted { get; init; }

    public required byte[] Salt { get; init; }

    /// <summary>Whether the segment was put to use after another.</summary>
    public bool IsYoungerThan(WalSegmentHeader other) => CompareAge(this, other) > 0;

    /// <summary>Orders segments as they were put to use: by opener, and then by number.</summary>
    public static int CompareAge(WalSegmentHeader left, WalSegmentHeader right) =>
        (left.Epoch, left.Ordinal).CompareTo((right.Epoch, right.Ordinal));

    public void Write(Span<byte> block)
    {
        block[..HeaderBytes].Clear();
        WriteCopy(block);
        block[..CopyBytes].CopyTo(block[SecondCopyAt..]);
    }

    /// <summary>Reads a segment's first block.</summary>
    /// <returns>Null when there is no whole copy: the segment was never put to use, or was being put to use.</returns>
    /// <exception cref="LogFormatException">It is something else, or newer.</exception>
    public static WalSegmentHeader? Read(ReadOnlySpan<byte> block, string what)
    {
        var first = ReadCopy(block, what);
        var second = ReadCopy(block[SecondCopyAt..], what);
        return first is null || second?.IsYoungerThan(first) == true ? second : first;
    }

    /// <summary>Writes one copy.</summary>
    public void WriteCopy(Span<byte> copy)
    {
        Magic.CopyTo(copy);
        BinaryPrimitives.WriteUInt16LittleEndian(copy[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(copy[10..], IsEncrypted ? (ushort)1 : (ushort)0);
        VolumeId.TryWriteBytes(copy[16..], bigEndian: true, out _);
        WalId.TryWriteBytes(copy[32..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[48..], Epoch);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[52..], Ordinal);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[56..], Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[64..], PreviousGeneration);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[72..], FirstSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[80..], SyncedSequence);
        Salt.CopyTo(copy[88..]);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[(CopyBytes - 4)..], Crc32C.Compute(copy[..(CopyBytes - 4)]));
    }

    /// <summary>Reads one copy; null when it is not whole.</summary>
    public static WalSegmentHeader? ReadCopy(ReadOnlySpan<byte> copy, string what)
    {
        copy = copy[..CopyBytes];
        if (!copy[..8].SequenceEqual(Magic))
        {
            return copy[..8].ContainsAnyExcept((byte)0)
                ? throw new LogFormatException(LogFormatError.Foreign, $"{what} begins with {Convert.ToHexStringLower(copy[..8])}: it is no segment of a write-ahead log")
                : null;
        }
        if (Crc32C.Compute(copy[..(CopyBytes - 4)]) != BinaryPrimitives.ReadUInt32LittleEndian(copy[(CopyBytes - 4)..]))
            return null;
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(copy[8..]);
        if (version is 0 or > Version)
            throw new LogFormatException(LogFormatError.Newer, $"{what} has format version {version}, this program reads up to {Version}");
        return new WalSegmentHeader
        {
            IsEncrypted = (BinaryPrimitives.ReadUInt16LittleEndian(copy[10..]) & 1) != 0,
            VolumeId = new Guid(copy.Slice(16, 16), bigEndian: true),
            WalId = new Guid(copy.Slice(32, 16), bigEndian: true),
            Epoch = BinaryPrimitives.ReadUInt32LittleEndian(copy[48..]),
            Ordinal = BinaryPrimitives.ReadUInt32LittleEndian(copy[52..]),
            Generation = BinaryPrimitives.ReadUInt64LittleEndian(copy[56..]),
            PreviousGeneration = BinaryPrimitives.ReadUInt64LittleEndian(copy[64..]),
            FirstSequence = BinaryPrimitives.ReadUInt64LittleEndian(copy[72..]),
            SyncedSequence = BinaryPrimitives.ReadUInt64LittleEndian(copy[80..]),
            Salt = copy.Slice(88, VolumeKey.SaltBytes).ToArray(),
        };
    }
}

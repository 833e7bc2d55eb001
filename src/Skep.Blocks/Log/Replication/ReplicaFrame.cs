using System.Buffers.Binary;

namespace Skep.Blocks.Log.Replication;

/// <summary>
/// What goes over a connection between a volume and the keeper of its log's copy: 24 bytes, and a payload
/// (docs/block-replica.md, "Frames").
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">Mostly a record's number.</param>
/// <param name="PayloadBytes">What follows.</param>
internal readonly record struct ReplicaFrame(ReplicaFrameKind Kind, ulong Number, int PayloadBytes)
{
    public const int HeaderBytes = 24;

    /// <summary>The version of the protocol that this program speaks.</summary>
    public const ushort Version = 1;

    /// <summary>A record of 1 MiB with a full header is the most that is sent.</summary>
    public const int PayloadBytesMax = (1 << 20) + 2 * WalRecordHeader.HeaderBytes;

    private const int ChecksumAt = 20;
    private static ReadOnlySpan<byte> Magic => "SKRP"u8;

    public int TotalBytes => HeaderBytes + PayloadBytes;

    /// <summary>Writes the header in front of a payload that is there already.</summary>
    public void Seal(Span<byte> frame)
    {
        Magic.CopyTo(frame);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], (uint)Kind);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], Number);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[16..], (uint)PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[ChecksumAt..], Checksum(frame[..TotalBytes]));
    }

    /// <summary>Reads a frame from the beginning of what came.</summary>
    /// <returns>False when it has not come whole yet.</returns>
    /// <exception cref="ReplicaException">It is no frame, or it was damaged on its way.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ReplicaFrame frame)
    {
        frame = default;
        if (bytes.Length < HeaderBytes)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
        if (!bytes[..4].SequenceEqual(Magic) || length > PayloadBytesMax)
            throw new ReplicaException(ReplicaRefusal.Protocol, $"a frame begins with {Convert.ToHexStringLower(bytes[..HeaderBytes])}");
        frame = new ReplicaFrame((ReplicaFrameKind)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), (int)length);
        if (bytes.Length < frame.TotalBytes)
            return false;
        uint found = Checksum(bytes[..frame.TotalBytes]), expected = BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]);
        return found == expected
            ? true
            : throw new ReplicaException(ReplicaRefusal.Protocol, $"a frame of {frame.TotalBytes} bytes was damaged on its way: its checksum is {found:x8}, expected {expected:x8}");
    }

    private static uint Checksum(ReadOnlySpan<byte> frame) =>
        Crc32C.Finish(Crc32C.Update(Crc32C.Update(Crc32C.Start, frame[..ChecksumAt]), frame[HeaderBytes..]));
}

/// <summary>The kinds of frames.</summary>
internal enum ReplicaFrameKind : uint
{
    /// <summary>To the keeper, first: a volume's opener begins to send its log.</summary>
    Hello = 1,

    /// <summary>To the keeper: the segment that the following records are in; its number is that of the segment's first record.</summary>
    Segment = 2,

    /// <summary>To the keeper: a record, its used header and its data as stored.</summary>
    Record = 3,

    /// <summary>
    /// To the keeper: make everything durable up to a record, which is durable in the opener's own log. What is noted with it is part
    /// of the volume from then on.
    /// </summary>
    Flush = 4,

    /// <summary>To the keeper: the object store has the records up to this one.</summary>
    Release = 5,

    /// <summary>To the keeper, first: let nobody of an earlier epoch write, and find a log by another id too.</summary>
    Adopt = 6,

    /// <summary>To the keeper: send a log.</summary>
    Fetch = 7,

    /// <summary>To the keeper: make everything durable up to a record, of which nobody knows yet whether it stays.</summary>
    Sync = 8,

    /// <summary>From the keeper: the answer to a hello. The number is the last record of the segment that its payload names.</summary>
    Welcome = 16,

    /// <summary>From the keeper: the answer to a flush.</summary>
    Durable = 17,

    /// <summary>From the keeper, last: why not. The number is a <see cref="ReplicaRefusal"/>, the payload a sentence.</summary>
    Refused = 18,

    /// <summary>From the keeper: the answer to an adoption: 1 when it has the log.</summary>
    Found = 19,

    /// <summary>From the keeper: all of the log was sent; the number counts the segments.</summary>
    End = 20,

    /// <summary>From the keeper: the answer to a sync; nothing up to this record needs to be sent again.</summary>
    Synced = 21,
}

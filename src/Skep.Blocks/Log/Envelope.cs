using System.Buffers.Binary;
using System.Text;

namespace Skep.Blocks.Log;

/// <summary>
/// What stands around every object of a volume but data: magic "SKEP", kind, version, body length, volume id and one CRC-32C
/// over all of it (docs/block-format.md, "Envelope").
/// </summary>
internal static class Envelope
{
    public const int HeaderBytes = 36;

    /// <summary>The version that this program writes; it reads all up to it.</summary>
    public const ushort Version = 1;

    /// <summary>The largest body that is believed: a checkpoint of some 100 million extents.</summary>
    private const int BodyBytesMax = 1 << 30;

    public const string Identity = "VOLU";
    public const string Record = "MLOG";
    public const string Checkpoint = "CKPT";
    public const string Head = "HEAD";
    public const string Fence = "FENC";

    /// <summary>Leaves room for the header; write the body after it and call <see cref="Seal"/>.</summary>
    public static ByteWriter Begin(int capacity = 256)
    {
        var writer = new ByteWriter(capacity + HeaderBytes);
        writer.Take(HeaderBytes).Clear();
        return writer;
    }

    /// <summary>Fills the header in.</summary>
    public static ReadOnlyMemory<byte> Seal(ByteWriter writer, string kind, Guid volumeId)
    {
        var all = writer.WrittenSpan;
        Encoding.ASCII.GetBytes("SKEP", all);
        Encoding.ASCII.GetBytes(kind, all[4..]);
        BinaryPrimitives.WriteUInt16LittleEndian(all[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(all[10..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(all[12..], (uint)(all.Length - HeaderBytes));
        volumeId.TryWriteBytes(all[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(all[32..], Checksum(all));
        return writer.Written;
    }

    /// <summary>Checks all but the volume, and finds the body.</summary>
    /// <param name="data">The whole object.</param>
    /// <param name="kind">The kind that it should be.</param>
    /// <param name="what">Names it in messages.</param>
    /// <param name="volumeId">The volume that it says it belongs to.</param>
    /// <exception cref="LogFormatException">It is something else, newer, or damaged.</exception>
    public static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> data, string kind, string what, out Guid volumeId)
    {
        if (data.Length < HeaderBytes)
            throw new LogFormatException(LogFormatError.Damaged, $"{what} is damaged: it has {data.Length} bytes, at least {HeaderBytes} were expected");
        if (!data[..4].SequenceEqual("SKEP"u8) || Encoding.ASCII.GetString(data[4..8]) != kind)
            throw new LogFormatException(LogFormatError.Foreign, $"{what} begins with {Convert.ToHexStringLower(data[..8])}, expected SKEP{kind}");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(data[8..]);
        if (version is 0 or > Version)
            throw new LogFormatException(LogFormatError.Newer, $"{what} has format version {version}, this program reads up to {Version}");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(data[12..]);
        if (length > BodyBytesMax || length != (uint)(data.Length - HeaderBytes))
            throw new LogFormatException(LogFormatError.Damaged, $"{what} is damaged: it announces {length} bytes and has {data.Length - HeaderBytes}");
        uint found = Checksum(data);
        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(data[32..]);
        if (found != expected)
            throw new LogFormatException(LogFormatError.Damaged, $"{what} is damaged: its checksum is {found:x8}, expected {expected:x8}");
        volumeId = new Guid(data.Slice(16, 16), bigEndian: true);
        return data[HeaderBytes..];
    }

    /// <summary>As <see cref="Open(ReadOnlySpan{byte}, string, string, out Guid)"/>, and checks the volume.</summary>
    public static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> data, string kind, string what, Guid volumeId)
    {
        var body = Open(data, kind, what, out var found);
        return found == volumeId
            ? body
            : throw new LogFormatException(LogFormatError.Foreign, $"{what} belongs to volume {found}, expected {volumeId}");
    }

    private static uint Checksum(ReadOnlySpan<byte> all) =>
        Crc32C.Finish(Crc32C.Update(Crc32C.Update(Crc32C.Start, all[..32]), all[HeaderBytes..]));
}

using System.Buffers.Binary;
using Skep.Blocks.Files;

namespace Skep.Blocks.Log.Replication;

/// <summary>A keeper's copy of a segment: a file of the same form as the segment itself. Guarded by its volume's gate.</summary>
internal sealed class ReplicaSegment(string name, IBlockFile file) : IAsyncDisposable
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Where the last flush is noted: between the two copies of the header.</summary>
    private const int MarkAt = 1024;
    private const int MarkBytes = 24;
    private static readonly byte[] _zeroes = new byte[ChunkBytes];
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private readonly byte[] _block = new byte[WalRecordHeader.HeaderBytes];

    public string Name => name;

    /// <summary>Of the present use; null while nothing is in it.</summary>
    public WalSegmentHeader? Header { get; private set; }

    /// <summary>The length that the volume's opener gives its segments.</summary>
    public long LengthBytes => file.LengthBytes;

    /// <summary>Where the next record goes.</summary>
    public int EndBytes { get; private set; }

    /// <summary>The last record's number; less than the first's while there is none.</summary>
    public ulong LastSequence { get; private set; }

    /// <summary>The last record that somebody was told is durable, as far as this segment knows; 0 for none.</summary>
    public ulong Flushed { get; private set; }

    /// <summary>Something in it may not be durable.</summary>
    public bool IsDirty { get; set; }

    /// <summary>The disk failed in it: what it has may be read, nothing is appended.</summary>
    public bool IsBad { get; set; }

    /// <summary>Fills a new file, so that syncs of what is written over it are quick.</summary>
    public async Task FillAsync(int fromBytes, int lengthBytes, CancellationToken ct)
    {
        for (long at = fromBytes; at < lengthBytes; at += ChunkBytes)
            await file.WriteAsync(at, _zeroes.AsMemory(0, (int)Math.Min(ChunkBytes, lengthBytes - at)), ct);
    }

    /// <summary>Puts the file to use for a segment.</summary>
    public async ValueTask BeginAsync(WalSegmentHeader header)
    {
        Header = null;
        header.Write(_block);
        await file.WriteAsync(0, _block, CancellationToken.None);
        (Header, EndBytes, LastSequence, IsDirty) = (header, WalSegmentHeader.HeaderBytes, header.FirstSequence - 1, true);
        Flushed = 0;
    }

    /// <summary>Notes that a record is about to be durable, with the sync that makes it so.</summary>
    public async ValueTask MarkAsync(ulong sequence)
    {
        Flushed = sequence;
        IsDirty = true;
        WriteMark(_block);
        await file.WriteAsync(MarkAt, _block.AsMemory(0, MarkBytes), CancellationToken.None);
    }

    /// <summary>Forgets what is in it; the file can be used again.</summary>
    public void Release() => (Header, IsDirty) = (null, false);

    /// <summary>Whether a record of so many bytes still fits.</summary>
    public bool HasRoom(in WalRecordHeader record) => EndBytes + (long)record.TotalBytes <= file.LengthBytes;

    /// <summary>Appends a record.</summary>
    /// <param name="record">Its header.</param>
    /// <param name="content">The used part of its header, and its data.</param>
    public async ValueTask AppendAsync(WalRecordHeader record, ReadOnlyMemory<byte> content)
    {
        int used = record.UsedBytes, padding = record.TotalBytes - WalRecordHeader.HeaderBytes - (int)record.DataBytes;
        _parts.Clear();
        _parts.Add(content[..used]);
        _parts.Add(_zeroes.AsMemory(0, WalRecordHeader.HeaderBytes - used));
        if (record.DataBytes > 0)
            _parts.Add(content[used..]);
        if (padding > 0)
            _parts.Add(_zeroes.AsMemory(0, padding));
        IsDirty = true;
        await file.WriteAsync(EndBytes, _parts, CancellationToken.None);
        EndBytes += record.TotalBytes;
        LastSequence = record.Sequence;
    }

    public ValueTask SyncAsync() => file.SyncAsync(CancellationToken.None);

    /// <summary>Finds out what is in the file, after a start.</summary>
    /// <returns>False when it has no segment.</returns>
    public async Task<bool> ScanAsync(CancellationToken ct)
    {
        if (await file.ReadAsync(0, _block, ct) < _block.Length || WalSegmentHeader.Read(_block, name) is not { } header)
            return false;
        (Header, EndBytes, LastSequence, IsDirty) = (header, WalSegmentHeader.HeaderBytes, header.FirstSequence - 1, true);
        Flushed = ReadMark(_block.AsSpan(MarkAt));
        while (await ReadAsync(EndBytes, LastSequence + 1, ct) is { } found)
        {
            EndBytes += found.Record.TotalBytes;
            LastSequence++;
        }
        return true;
    }

    /// <summary>Reads a record and checks it.</summary>
    /// <param name="at">Where it begins.</param>
    /// <param name="sequence">Its number.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Its header, the used bytes of that and its data; null when it is not there, or not as it was.</returns>
    public async Task<(WalRecordHeader Record, byte[] Content)?> ReadAsync(int at, ulong sequence, CancellationToken ct)
    {
        byte[] block = new byte[WalRecordHeader.HeaderBytes];
        if (Header is not { } header || await file.ReadAsync(at, block, ct) < block.Length || !WalRecordHeader.TryRead(block, out var record) ||
            record.Generation != header.Generation || record.Sequence != sequence || at + (long)record.TotalBytes > file.LengthBytes)
            return null;
        byte[] content = new byte[record.UsedBytes + (int)record.DataBytes];
        block.AsSpan(0, record.UsedBytes).CopyTo(content);
        var data = content.AsMemory(record.UsedBytes);
        if (await file.ReadAsync(at + WalRecordHeader.HeaderBytes, data, ct) < data.Length)
            return null;
        uint checksum = Crc32C.Finish(Crc32C.Update(record.BeginChecksum(block), data.Span));
        return checksum == WalRecordHeader.ReadChecksum(block) ? (record, content) : null;
    }

    private void WriteMark(Span<byte> mark)
    {
        "SKFM"u8.CopyTo(mark);
        BinaryPrimitives.WriteUInt64LittleEndian(mark[4..], Header!.Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(mark[12..], Flushed);
        BinaryPrimitives.WriteUInt32LittleEndian(mark[20..], Crc32C.Compute(mark[..20]));
    }

    private ulong ReadMark(ReadOnlySpan<byte> mark) =>
        mark[..4].SequenceEqual("SKFM"u8) && BinaryPrimitives.ReadUInt64LittleEndian(mark[4..]) == Header!.Generation &&
        BinaryPrimitives.ReadUInt32LittleEndian(mark[20..]) == Crc32C.Compute(mark[..20])
            ? BinaryPrimitives.ReadUInt64LittleEndian(mark[12..])
            : 0;

    public ValueTask DisposeAsync() => file.DisposeAsync();
}

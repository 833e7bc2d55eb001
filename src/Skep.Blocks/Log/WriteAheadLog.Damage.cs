using Skep.Blocks.Files;

namespace Skep.Blocks.Log;

internal sealed partial class WriteAheadLog
{
    /// <summary>A segment has its full length before it is put to use: no crash leaves a record that reaches beyond it.</summary>
    private async Task RefuseCutAsync(WalSegment segment, ulong expected, byte[] block, CancellationToken ct)
    {
        if (await ReadRawRecordAsync(segment, segment.EndBytes, block, ct) is { } record && record.Sequence == expected &&
            segment.EndBytes + (long)record.TotalBytes > segment.File.LengthBytes)
            throw new LogFormatException(LogFormatError.Damaged, $"{segment.Name} in the log directory of volume {_settings.Name} is damaged: it ends at {segment.File.LengthBytes}, its record {expected} at {segment.EndBytes + record.TotalBytes}");
    }

    /// <summary>
    /// Looks at what lies in segments without a header. A segment's header is durable as soon as one of its records is, and
    /// later records say that: such a header was not lost in a crash. To be called before the volume is claimed: a claim
    /// with another log would disown what is here.
    /// </summary>
    /// <param name="directory">The log's directory.</param>
    /// <param name="volume">For messages.</param>
    /// <param name="drained">Records up to this one are in the store.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="LogFormatException">Durable records cannot be replayed.</exception>
    public static async Task RefuseHeadlessAsync(IBlockDirectory directory, string volume, ulong drained, CancellationToken ct)
    {
        foreach (string name in await directory.ListAsync(ct))
        {
            if (!name.StartsWith(SegmentPrefix, StringComparison.Ordinal))
                continue;
            await using var file = await directory.OpenAsync(name, BlockFileMode.Open, ct);
            if (await ReadHeaderAsync(name, file, ct) is null)
                await RefuseHeadlessAsync(name, file, volume, drained, ct);
        }
    }

    private static async Task RefuseHeadlessAsync(string name, IBlockFile file, string volume, ulong drained, CancellationToken ct)
    {
        byte[] block = new byte[WalRecordHeader.HeaderBytes];
        // Most are spares that were never used.
        if (!await HasRecordAsync(file, WalSegmentHeader.HeaderBytes, block, ct))
            return;
        Dictionary<ulong, ulong> first = [];
        for (int at = WalSegmentHeader.HeaderBytes; at < file.LengthBytes; at += WalRecordHeader.HeaderBytes)
        {
            if (!await HasRecordAsync(file, at, block, ct) || await ReadSoundRecordAsync(file, at, block, ct) is not { } record)
                continue;
            ulong lowest = first[record.Generation] = Math.Min(record.Sequence, first.GetValueOrDefault(record.Generation, ulong.MaxValue));
            if (record.SyncedSequence >= lowest && record.SyncedSequence > drained)
                throw Lost(volume, name, lowest, record.SyncedSequence);
        }
    }

    private static LogFormatException Lost(string volume, string segment, ulong record, ulong durable) => new(
        LogFormatError.Damaged,
        $"{segment} in the log directory of volume {volume} is damaged: record {record} cannot be read though records up to {durable} had been made durable; open the volume with an empty log directory to go on with what the store has");

    private static async Task<bool> HasRecordAsync(IBlockFile file, int at, byte[] block, CancellationToken ct) =>
        await file.ReadAsync(at, block, ct) == block.Length && WalRecordHeader.TryRead(block, out _);

    /// <summary>The record whose header is in a block, if all of it is as it was written; without its key nothing more can be said.</summary>
    private static async Task<WalRecordHeader?> ReadSoundRecordAsync(IBlockFile file, int at, byte[] block, CancellationToken ct)
    {
        if (!WalRecordHeader.TryRead(block, out var record) || record.DataBytes > file.LengthBytes - at - WalRecordHeader.HeaderBytes)
            return null;
        byte[] data = new byte[record.DataBytes];
        if (await file.ReadAsync(at + WalRecordHeader.HeaderBytes, data, ct) < data.Length)
            return null;
        return Crc32C.Finish(Crc32C.Update(record.BeginChecksum(block), data)) == WalRecordHeader.ReadChecksum(block) ? record : null;
    }
}

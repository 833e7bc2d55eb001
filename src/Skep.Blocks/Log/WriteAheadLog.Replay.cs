using System.Security.Cryptography;
using Skep.Blocks.Files;
using Skep.Blocks.Log.Replication;

namespace Skep.Blocks.Log;

internal sealed partial class WriteAheadLog
{
    private const string AsidePrefix = "aside-";
    private const int RewriteBytes = 1 << 20;

    /// <summary>Whether the directory has segments of a log.</summary>
    public static async Task<HashSet<Guid>> FindLogsAsync(IBlockDirectory directory, CancellationToken ct)
    {
        HashSet<Guid> found = [];
        foreach (string name in await directory.ListAsync(ct))
        {
            if (!name.StartsWith(SegmentPrefix, StringComparison.Ordinal))
                continue;
            await using var file = await directory.OpenAsync(name, BlockFileMode.Open, ct);
            if (await ReadHeaderAsync(name, file, ct) is { } header)
                found.Add(header.WalId);
        }
        return found;
    }

    /// <summary>
    /// Opens the log: replays what the store does not have, moves the segments of overtaken logs aside, and makes the rest
    /// spares. Call <see cref="PrepareSegmentsAsync"/> next.
    /// </summary>
    /// <param name="epoch">The volume's epoch, claimed already.</param>
    /// <param name="drained">Per log, the last record that the store has.</param>
    /// <param name="ct">Cancels.</param>
    public async Task OpenAsync(uint epoch, IReadOnlyDictionary<Guid, ulong> drained, CancellationToken ct)
    {
        _epoch = epoch;
        _appended = _synced = _released = drained.GetValueOrDefault(WalId);
        List<(WalSegment Segment, WalSegmentHeader Header)> mine = [], others = [];
        foreach (string name in (await _directory.ListAsync(ct)).Order(StringComparer.Ordinal))
            await OpenSegmentAsync(name, mine, others, ct);
        // What an opener that was killed had made, only the page cache may know by name.
        await _directory.SyncAsync(ct);
        await MoveAsideAsync(others, drained, ct);
        mine.Sort((a, b) => WalSegmentHeader.CompareAge(a.Header, b.Header));
        _ordinal = mine.Select(s => s.Header.Ordinal).DefaultIfEmpty().Max();
        await ReplayChainAsync(mine, ct);
        await WipeBehindAsync(mine);
        bool isEmpty;
        lock (_gate)
        {
            foreach (var (segment, header) in mine)
                if (!_segments.ContainsKey(header.Ordinal))
                    _spares.Push(segment);
            isEmpty = _fileCount == 0;
        }
        if (isEmpty && await TryAddSegmentAsync() is { } failure)
            throw NoSegment(failure);
        if (_settings.Replica is not null)
            _replica = new ReplicaWriter(_settings, new ReplicaHandshake(_volumeId, WalId, _epoch, default), _appended, _released, _client.OnRoomNeeded, _stopped);
    }

    /// <summary>
    /// Wipes the headers of segments that begin behind the end: what they hold is not part of the log, and must not become
    /// so again when the store has got as far as where they begin and a loss of power takes what was appended since.
    /// </summary>
    private async Task WipeBehindAsync(List<(WalSegment Segment, WalSegmentHeader Header)> mine)
    {
        foreach (var (segment, header) in mine)
        {
            lock (_gate)
                if (header.FirstSequence <= _appended || _segments.ContainsKey(header.Ordinal))
                    continue;
            await segment.File.WriteAsync(0, new byte[WalSegmentHeader.HeaderBytes], CancellationToken.None);
            await segment.File.SyncAsync(CancellationToken.None);
        }
    }

    /// <summary>What an opener is told who cannot have a single segment: that there is no room only if that is why.</summary>
    private BlockDeviceException NoSegment(Exception failure) => failure switch
    {
        _ when FileErrors.IsDiskFull(failure) => new(BlockError.NoSpace, $"volume {_settings.Name}: no log segment of {_settings.SegmentBytes} bytes could be made, the disk has {_directory.FreeBytes} bytes free", failure),
        OperationCanceledException => Stopped(),
        _ => new(BlockError.Io, $"volume {_settings.Name}: no log segment could be made: {failure.Message}", failure),
    };

    private async Task OpenSegmentAsync(string name, List<(WalSegment, WalSegmentHeader)> mine, List<(WalSegment, WalSegmentHeader)> others, CancellationToken ct)
    {
        if (!name.StartsWith(SegmentPrefix, StringComparison.Ordinal) || !int.TryParse(name.AsSpan(SegmentPrefix.Length), System.Globalization.NumberStyles.HexNumber, null, out int number))
            return;
        _nextFile = Math.Max(_nextFile, number + 1);
        var file = await _directory.OpenAsync(name, BlockFileMode.Open, ct);
        var header = await ReadHeaderAsync(name, file, ct);
        if (header is not null && header.VolumeId != _volumeId)
            throw new LogFormatException(LogFormatError.Foreign, $"{name} in the log directory of volume {_settings.Name} belongs to volume {header.VolumeId}, expected {_volumeId}");
        if (header is null && file.LengthBytes < _settings.SegmentBytes)
        {
            // Its making was cut short.
            await DropFileAsync(name, file);
            return;
        }
        var segment = new WalSegment(name, file);
        _fileCount++;
        if (header is null)
            _spares.Push(segment);
        else
            (header.WalId == WalId ? mine : others).Add((segment, header));
    }

    /// <summary>A segment's header; null when there is no whole copy of it.</summary>
    public static async Task<WalSegmentHeader?> ReadHeaderAsync(string name, IBlockFile file, CancellationToken ct)
    {
        byte[] block = new byte[WalSegmentHeader.HeaderBytes];
        return await file.ReadAsync(0, block, ct) < block.Length ? null : WalSegmentHeader.Read(block, name);
    }

    /// <summary>Replays from the segment that has the first record that the store lacks.</summary>
    private async Task ReplayChainAsync(List<(WalSegment Segment, WalSegmentHeader Header)> mine, CancellationToken ct)
    {
        int at = mine.FindLastIndex(s => s.Header.FirstSequence <= _appended + 1);
        if (at < 0)
        {
            // The segment that has the next record is gone, which is fine only if nobody was told that it is durable.
            if (mine.Find(s => s.Header.SyncedSequence > _appended) is { Segment: { } later })
                throw Lost(_settings.Name, later.Name, _appended + 1, mine.Max(s => s.Header.SyncedSequence));
            return;
        }
        ulong drained = _appended;
        ulong reached = mine[at].Header.FirstSequence - 1;
        ulong durable = 0;
        while (at >= 0)
        {
            var (segment, header) = mine[at];
            // A later segment may have been begun after an append to this one failed, or after an earlier recovery: the
            // youngest that continues this one says where it ends.
            int next = mine.FindLastIndex(s => s.Header.PreviousGeneration == header.Generation);
            ulong limit = next >= 0 ? mine[next].Header.FirstSequence : ulong.MaxValue;
            var end = await ReplaySegmentAsync(segment, header, drained, limit, ct);
            reached = Math.Max(reached, end.Reached);
            durable = Math.Max(durable, Math.Max(header.SyncedSequence, end.Durable));
            // The next segment follows the last one with records, as after a failed append.
            if (end.Reached >= header.FirstSequence)
                _generation = header.Generation;
            else if (_generation == 0)
                _generation = header.PreviousGeneration;
            if (next < 0 || reached + 1 != limit)
                break;
            at = next;
        }
        durable = Math.Max(durable, await FindDurableAsync(mine, reached, ct));
        if (durable > Math.Max(reached, drained))
            throw Lost(_settings.Name, mine[at].Segment.Name, reached + 1, durable);
        // What was recovered may be in the page cache alone, if only the process had died: the next flush syncs it, and until
        // then no header may say that it was durable.
        await RewriteAsync(Math.Max(durable, drained), ct);
    }

    /// <summary>
    /// Writes what was recovered once more, unless it is known to be durable. If the opener before ended because a sync had
    /// failed, the page cache may have what the disk has not and call it clean: the next sync would succeed and mean nothing.
    /// </summary>
    private async Task RewriteAsync(ulong durable, CancellationToken ct)
    {
        var segments = _segments.Values.Where(s => s.LastSequence > durable).ToList();
        byte[] buffer = new byte[segments.Count > 0 ? RewriteBytes : 0];
        try
        {
            foreach (var segment in segments)
                await RewriteAsync(segment, buffer, ct);
        }
        catch (IOException ex) when (FileErrors.IsDiskFull(ex))
        {
            // Where writing means copying there may be no room for it before the volume is open and its log drained.
            Report(LogVolumeEventKind.LocalDiskFull, "what was found in the log could not be written once more", ex);
        }
    }

    private async Task RewriteAsync(WalSegment segment, byte[] buffer, CancellationToken ct)
    {
        for (int at = 0; at < segment.EndBytes;)
        {
            var part = buffer.AsMemory(0, Math.Min(buffer.Length, segment.EndBytes - at));
            if (await segment.File.ReadAsync(at, part, ct) < part.Length)
                throw new BlockDeviceException(BlockError.Io, $"volume {_settings.Name}: {segment.Name} ended at {segment.File.LengthBytes} while it was read, expected {segment.EndBytes} bytes");
            await segment.File.WriteAsync(at, part, CancellationToken.None);
            at += part.Length;
        }
    }

    private readonly record struct ReplayEnd(ulong Reached, ulong Durable);

    private async Task<ReplayEnd> ReplaySegmentAsync(WalSegment segment, WalSegmentHeader header, ulong drained, ulong limit, CancellationToken ct)
    {
        segment.Begin(header, _key);
        byte[] block = new byte[WalRecordHeader.HeaderBytes];
        var entries = new WalEntry[WalRecordHeader.EntriesMax];
        ulong expected = header.FirstSequence, durable = 0;
        lock (_gate)
            _segments[header.Ordinal] = segment;
        while (expected < limit)
        {
            if (await ReadRecordAsync(segment, segment.EndBytes, block, ct) is not { } record || record.Sequence != expected)
                break;
            durable = Math.Max(durable, record.SyncedSequence);
            for (int i = 0; i < record.EntryCount; i++)
                entries[i] = WalRecordHeader.ReadEntry(block, i);
            lock (_gate)
            {
                uint dataSector = (uint)(segment.EndBytes + WalRecordHeader.HeaderBytes) / Extent.SectorBytes;
                segment.Append(expected, record.TotalBytes);
                if (expected > drained)
                {
                    _appended = expected;
                    _client.OnAppended(expected, header.Ordinal, dataSector, entries.AsSpan(0, record.EntryCount), record.TotalBytes);
                }
            }
            expected++;
        }
        await RefuseCutAsync(segment, expected, block, ct);
        lock (_gate)
        {
            segment.IsClosed = true;
            if (segment.LastSequence <= drained)
                _segments.Remove(header.Ordinal);
        }
        return new ReplayEnd(expected - 1, durable);
    }

    /// <summary>Reads and checks one record.</summary>
    private async Task<WalRecordHeader?> ReadRecordAsync(WalSegment segment, int at, byte[] block, CancellationToken ct)
    {
        if (at > segment.File.LengthBytes - WalRecordHeader.HeaderBytes || await segment.File.ReadAsync(at, block, ct) < block.Length ||
            !WalRecordHeader.TryRead(block, out var record) || record.Generation != segment.Header!.Generation ||
            record.DataBytes > segment.File.LengthBytes - at - WalRecordHeader.HeaderBytes)
            return null;
        byte[] data = new byte[record.DataBytes];
        if (await segment.File.ReadAsync(at + WalRecordHeader.HeaderBytes, data, ct) < data.Length)
            return null;
        uint checksum = Crc32C.Finish(segment.KeepChecksums(record.BeginChecksum(block), at + WalRecordHeader.HeaderBytes, data));
        if (checksum != WalRecordHeader.ReadChecksum(block) || !AreEntriesValid(record, block))
            return null;
        if (_key is not null && record.DataBytes > 0 && !IsAuthentic(segment, at, record, block, data))
            return null;
        return record;
    }

    private static bool AreEntriesValid(in WalRecordHeader record, ReadOnlySpan<byte> block)
    {
        ulong dataSectors = 0;
        for (int i = 0; i < record.EntryCount; i++)
        {
            var entry = WalRecordHeader.ReadEntry(block, i);
            if (entry.Kind > WalKind.Zero || entry.Sectors is 0 or > (uint)Extent.LengthMax)
                return false;
            if (entry.Kind == WalKind.Write)
                dataSectors += entry.Sectors;
        }
        return dataSectors * Extent.SectorBytes == record.DataBytes;
    }

    private static bool IsAuthentic(WalSegment segment, int at, in WalRecordHeader record, byte[] block, byte[] data)
    {
        Span<byte> tag = stackalloc byte[VolumeKey.TagBytes];
        var tagInBlock = block.AsSpan(WalRecordHeader.TagAt, VolumeKey.TagBytes);
        tagInBlock.CopyTo(tag);
        byte[] header = block.AsSpan(0, record.UsedBytes).ToArray();
        // The tag was made before itself and the checksum were filled in.
        header.AsSpan(WalRecordHeader.TagAt, VolumeKey.TagBytes).Clear();
        WalRecordHeader.WriteChecksum(header, 0);
        try
        {
            segment.Decrypt(at, header, data, new byte[data.Length], tag);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <summary>
    /// Looks at the records behind the place where the replay stopped. Each says what had been durable when it was written:
    /// if that is more than could be read, then not a crash but damage has ended the log.
    /// </summary>
    private async Task<ulong> FindDurableAsync(List<(WalSegment Segment, WalSegmentHeader Header)> mine, ulong reached, CancellationToken ct)
    {
        ulong durable = 0;
        byte[] block = new byte[WalRecordHeader.HeaderBytes];
        foreach (var (segment, header) in mine.Where(s => s.Segment.Header is not null || s.Header.FirstSequence > reached))
        {
            if (header.FirstSequence > reached + 1)
                durable = Math.Max(durable, header.SyncedSequence);
            if (segment.Header is null)
                continue;
            for (int at = segment.EndBytes; at < segment.File.LengthBytes; at += WalRecordHeader.HeaderBytes)
                if (await ReadRecordAsync(segment, at, block, ct) is { } record && record.Sequence > reached)
                    durable = Math.Max(durable, record.SyncedSequence);
        }
        return durable;
    }

    /// <summary>Renames segments of overtaken logs that hold what their store never got; never replays them.</summary>
    private async Task MoveAsideAsync(List<(WalSegment Segment, WalSegmentHeader Header)> others, IReadOnlyDictionary<Guid, ulong> drained, CancellationToken ct)
    {
        long bytes = 0;
        List<(WalSegment Segment, WalSegmentHeader Header)> kept = [];
        byte[] block = new byte[WalRecordHeader.HeaderBytes];
        foreach (var (segment, header) in others)
        {
            long found = await CountUndrainedAsync(segment, header, drained.GetValueOrDefault(header.WalId), block, ct);
            if (found > 0)
                kept.Add((segment, header));
            else
                _spares.Push(segment);
            bytes += found;
        }
        if (kept.Count == 0)
            return;
        string message = $"{bytes} bytes of writes in the local log were never brought to the store before another opener took the volume (now epoch {_epoch})";
        if (!_settings.IsTakeoverOfLocalLogAllowed)
            throw new BlockDeviceException(BlockError.Shutdown, $"volume {_settings.Name}: {message}, and moving them aside is not allowed");
        foreach (var (segment, header) in kept)
        {
            await segment.DisposeAsync();
            await _directory.RenameAsync(segment.Name, $"{AsidePrefix}{header.Epoch:x8}-{header.WalId:N}-{segment.Name}", ct);
            _fileCount--;
        }
        await _directory.SyncAsync(ct);
        Report(LogVolumeEventKind.LogMovedAside, $"{message}; they were moved aside to files that begin with {AsidePrefix}", null);
    }

    private static async Task<long> CountUndrainedAsync(WalSegment segment, WalSegmentHeader header, ulong drained, byte[] block, CancellationToken ct)
    {
        long bytes = 0;
        segment.Begin(header with { IsEncrypted = false }, key: null);
        int at = WalSegmentHeader.HeaderBytes;
        for (ulong expected = header.FirstSequence; ; expected++)
        {
            if (await ReadRawRecordAsync(segment, at, block, ct) is not { } record || record.Sequence != expected)
                return bytes;
            if (record.Sequence > drained)
                bytes += Math.Max(1, record.DataBytes);
            at += record.TotalBytes;
        }
    }

    private static async Task<WalRecordHeader?> ReadRawRecordAsync(WalSegment segment, int at, byte[] block, CancellationToken ct) =>
        at <= segment.File.LengthBytes - WalRecordHeader.HeaderBytes && await segment.File.ReadAsync(at, block, ct) == block.Length &&
        WalRecordHeader.TryRead(block, out var record) && record.Generation == segment.Header!.Generation
            ? record
            : null;
}

using Skep.Blocks.Files;
using Skep.Blocks.Log.Replication;

namespace Skep.Blocks.Log;

internal sealed partial class WriteAheadLog
{
    /// <summary>Zeroes behind data that does not end at a page.</summary>
    private static readonly byte[] Padding = new byte[4096];

    private readonly Stack<WalRequest> _requests = new();
    private readonly Queue<WalRequest> _waiting = new();
    private readonly List<WalRequest> _round = [];
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private readonly WalEntry[] _entries = new WalEntry[WalRecordHeader.EntriesMax];
    private readonly byte[] _header = GC.AllocateUninitializedArray<byte>(WalRecordHeader.HeaderBytes, pinned: true);
    private byte[] _plain = [];
    private byte[] _encrypted = [];
    private bool _isAppending;

    /// <summary>Appends a request. It is in the page cache on return, not yet durable.</summary>
    /// <param name="entry">What it does.</param>
    /// <param name="data">Data of a write, at most <see cref="RecordDataMax"/> bytes; not used after the return.</param>
    /// <returns>The record's number, for <see cref="FlushAsync(ulong)"/>.</returns>
    public ValueTask<ulong> AppendAsync(in WalEntry entry, ReadOnlyMemory<byte> data)
    {
        WalRequest? request;
        lock (_requests)
            _requests.TryPop(out request);
        request ??= new WalRequest();
        request.Begin(entry, data, _requests);
        lock (_gate)
        {
            if (_isAppending)
            {
                _waiting.Enqueue(request);
                return request.WaitAsync();
            }
            _isAppending = true;
        }
        return AppendFirstAsync(request);
    }

    /// <summary>Appends the caller's request, and then those that came meanwhile.</summary>
    private async ValueTask<ulong> AppendFirstAsync(WalRequest request)
    {
        _round.Add(request);
        ulong sequence;
        try
        {
            sequence = await AppendRoundAsync();
        }
        finally
        {
            _round.Clear();
            request.Recycle();
            if (TryTakeRound())
                _ = AppendWaitingAsync();
        }
        return sequence;
    }

    /// <summary>Works for others until nobody waits; not on the time of the caller whose own request is done.</summary>
    private async Task AppendWaitingAsync()
    {
        await Task.Yield();
        do
        {
            try
            {
                ulong sequence = await AppendRoundAsync();
                foreach (var request in _round)
                    request.Complete(sequence);
            }
            catch (Exception ex)
            {
                foreach (var request in _round)
                    request.Fail(ex);
            }
            _round.Clear();
        }
        while (TryTakeRound());
    }

    private bool TryTakeRound()
    {
        lock (_gate)
        {
            long dataBytes = 0;
            while (_round.Count < WalRecordHeader.EntriesMax && _waiting.TryPeek(out var next) &&
                   (dataBytes += next.Data.Length) <= RecordDataMax)
                _round.Add(_waiting.Dequeue());
            return _isAppending = _round.Count > 0;
        }
    }

    /// <summary>Appends one record with the requests of the round.</summary>
    private async ValueTask<ulong> AppendRoundAsync()
    {
        uint dataBytes = 0;
        for (int i = 0; i < _round.Count; i++)
        {
            _entries[i] = _round[i].Entry;
            dataBytes += (uint)_round[i].Data.Length;
        }
        int totalBytes = WalRecordHeader.TotalBytesOf(dataBytes);
        for (int failures = 0; ; failures++)
        {
            var segment = await ReserveAsync(totalBytes);
            Prepare(segment, dataBytes);
            try
            {
                await segment.File.WriteAsync(segment.EndBytes, _parts, CancellationToken.None);
                if (_replica is { } replica)
                    await ReplicateAsync(replica, segment, dataBytes);
            }
            catch (IOException ex)
            {
                await AbandonAsync(segment, ex, failures);
                continue;
            }
            lock (_gate)
            {
                ThrowIfFailed();
                uint dataSector = (uint)(segment.EndBytes + WalRecordHeader.HeaderBytes) / Extent.SectorBytes;
                segment.Append(++_appended, totalBytes);
                _client.OnAppended(_appended, segment.Header!.Ordinal, dataSector, _entries.AsSpan(0, _round.Count), totalBytes);
                return _appended;
            }
        }
    }

    /// <summary>Makes the record's header, and the list of what is written.</summary>
    private void Prepare(WalSegment segment, uint dataBytes)
    {
        var header = new WalRecordHeader(segment.Header!.Generation, _appended + 1, Volatile.Read(ref _synced), _round.Count, dataBytes);
        header.Write(_header);
        for (int i = 0; i < _round.Count; i++)
            WalRecordHeader.WriteEntry(_header, i, _entries[i]);
        _header.AsSpan(header.UsedBytes).Clear();
        _parts.Clear();
        _parts.Add(_header);
        if (_key is null)
        {
            foreach (var request in _round)
                if (request.Data.Length > 0)
                    _parts.Add(request.Data);
        }
        else if (dataBytes > 0)
        {
            _parts.Add(Encrypt(segment, header, (int)dataBytes));
        }
        uint checksum = header.BeginChecksum(_header);
        int at = segment.EndBytes + WalRecordHeader.HeaderBytes;
        for (int i = 1; i < _parts.Count; i++)
        {
            checksum = segment.KeepChecksums(checksum, at, _parts[i].Span);
            at += _parts[i].Length;
        }
        WalRecordHeader.WriteChecksum(_header, Crc32C.Finish(checksum));
        int padding = header.TotalBytes - WalRecordHeader.HeaderBytes - (int)dataBytes;
        if (padding > 0)
            _parts.Add(Padding.AsMemory(0, padding));
    }

    private ReadOnlyMemory<byte> Encrypt(WalSegment segment, in WalRecordHeader header, int dataBytes)
    {
        if (_plain.Length < dataBytes)
        {
            _plain = new byte[Math.Min(RecordDataMax, (dataBytes + 65535) & ~65535)];
            _encrypted = new byte[_plain.Length];
        }
        int at = 0;
        foreach (var request in _round)
        {
            request.Data.Span.CopyTo(_plain.AsSpan(at));
            at += request.Data.Length;
        }
        Span<byte> tag = stackalloc byte[VolumeKey.TagBytes];
        segment.Encrypt(segment.EndBytes, _header.AsSpan(0, header.UsedBytes), _plain.AsSpan(0, dataBytes), _encrypted.AsSpan(0, dataBytes), tag);
        tag.CopyTo(_header.AsSpan(WalRecordHeader.TagAt));
        return _encrypted.AsMemory(0, dataBytes);
    }

    private async ValueTask ReplicateAsync(ReplicaWriter replica, WalSegment segment, uint dataBytes)
    {
        try
        {
            await replica.AppendAsync(segment.Header!, _appended + 1, WalRecordHeader.UsedBytesOf(_round.Count), (int)dataBytes, _parts);
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            throw Stopped();
        }
    }

    /// <summary>
    /// Gives a segment up after a failed append: what was written of the record is not known, so nothing may follow it. The
    /// next segment's header says where this one ends.
    /// </summary>
    private async ValueTask AbandonAsync(WalSegment segment, IOException cause, int failures)
    {
        bool isFull = FileErrors.IsDiskFull(cause);
        lock (_gate)
        {
            segment.IsClosed = true;
            segment.IsBad = !isFull;
            // A segment without a record leaves the chain of generations: nothing syncs its header, and what follows it would
            // be out of reach without that.
            if (segment.LastSequence < segment.Header!.FirstSequence)
                _generation = segment.Header.PreviousGeneration;
            TryRelease(segment);
        }
        Report(isFull ? LogVolumeEventKind.LocalDiskFull : LogVolumeEventKind.LocalDiskFailed,
            $"appending to {segment.Name} failed; going on in another segment", cause);
        if (isFull)
            await WaitForRoomAsync($"the disk of {segment.Name} is full");
        else if (failures >= 2)
            throw new BlockDeviceException(BlockError.Io, $"volume {_settings.Name}: appending to {segment.Name} failed: {cause.Message}", cause);
    }
}

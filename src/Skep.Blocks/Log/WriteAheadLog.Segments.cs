using Skep.Blocks.Files;

namespace Skep.Blocks.Log;

internal sealed partial class WriteAheadLog
{
    private const string SegmentPrefix = "segment-";
    private const int SparesWanted = 2;
    private const int ZeroBytes = 1 << 20;
    private static readonly TimeSpan RoomPoll = TimeSpan.FromSeconds(1);
    private static readonly byte[] Zeroes = new byte[ZeroBytes];

    private readonly AsyncSignal _room = new();
    private readonly AsyncSignal _wanted = new();
    private int _fileCount;
    private int _nextFile;
    private long _fullSince;

    /// <summary>Keeps spare segments ready until the volume stops.</summary>
    public async Task PrepareSegmentsAsync()
    {
        await Task.Yield();
        while (!_stopped.IsCancellationRequested)
        {
            await DropRetiredAsync();
            bool isShort;
            lock (_gate)
                isShort = _spares.Count < SparesWanted && _fileCount < SegmentsMax;
            if (isShort)
                isShort = await TryAddSegmentAsync() is not null;
            var pause = isShort ? RoomPoll : TimeSpan.FromHours(1);
            lock (_gate)
                if (!isShort && _spares.Count < SparesWanted && _fileCount < SegmentsMax)
                    continue;
            try
            {
                await _wanted.WaitAsync(pause, Time, _stopped);
            }
            catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Makes a segment of zeroes: overwriting written blocks syncs twice as fast as filling allocated ones. While the log
    /// grows nobody waits for zeroes: such a segment is only allocated, and is as good as the others from its second use on.
    /// </summary>
    /// <returns>Why there is none, or null.</returns>
    private async Task<Exception?> TryAddSegmentAsync()
    {
        bool isGrowing;
        lock (_gate)
            isGrowing = _segments.Count > 1;
        string name = $"{SegmentPrefix}{_nextFile++:x6}";
        IBlockFile? file = null;
        try
        {
            file = await _directory.OpenAsync(name, BlockFileMode.CreateNew, _stopped);
            bool isAllocated = isGrowing && await file.TryAllocateAsync(_settings.SegmentBytes, _stopped);
            for (long at = 0; !isAllocated && at < _settings.SegmentBytes; at += ZeroBytes)
                await file.WriteAsync(at, Zeroes.AsMemory(0, (int)Math.Min(ZeroBytes, _settings.SegmentBytes - at)), _stopped);
            await file.SyncAsync(_stopped);
            await _directory.SyncAsync(_stopped);
        }
        catch (Exception ex) when (ex is IOException or OperationCanceledException)
        {
            if (file is not null)
                await DropFileAsync(name, file);
            if (ex is IOException)
            {
                Report(FileErrors.IsDiskFull(ex) ? LogVolumeEventKind.LocalDiskFull : LogVolumeEventKind.LocalDiskFailed, $"segment {name} could not be made", ex);
                lock (_gate)
                    _capacity = Math.Max(1, _fileCount);
            }
            return ex;
        }
        lock (_gate)
        {
            _spares.Push(new WalSegment(name, file));
            _capacity = ++_fileCount < SegmentsMax && _capacity < SegmentsMax ? _fileCount : SegmentsMax;
        }
        _room.Set();
        return null;
    }

    /// <summary>Removes the files in which the disk failed.</summary>
    private async ValueTask DropRetiredAsync()
    {
        while (true)
        {
            WalSegment? segment;
            lock (_gate)
                if (!_retired.TryDequeue(out segment))
                    return;
            await DropFileAsync(segment.Name, segment.File);
        }
    }

    private async ValueTask DropFileAsync(string name, IBlockFile file)
    {
        try
        {
            await file.DisposeAsync();
            await _directory.DeleteAsync(name, CancellationToken.None);
        }
        catch (IOException ex)
        {
            Report(LogVolumeEventKind.LocalDiskFailed, $"{name} could not be removed", ex);
        }
    }

    /// <summary>The segment that the next record goes to; waits while the log is full.</summary>
    private async ValueTask<WalSegment> ReserveAsync(int totalBytes)
    {
        while (true)
        {
            WalSegment? spare;
            lock (_gate)
            {
                ThrowIfFailed();
                if (_stopped.IsCancellationRequested)
                    throw Stopped();
                if (_active is { IsClosed: false } active)
                {
                    bool isWanted = _replica is not { WantsFreshSegment: true } || active.LastSequence < active.Header!.FirstSequence;
                    if (isWanted && active.EndBytes + totalBytes <= _settings.SegmentBytes)
                        return active;
                    active.IsClosed = true;
                    TryRelease(active);
                }
                _spares.TryPop(out spare);
            }
            _wanted.Set();
            if (spare is null)
                await WaitForRoomAsync("the log is full");
            else
                await ActivateAsync(spare);
        }
    }

    private async ValueTask ActivateAsync(WalSegment segment)
    {
        WalSegmentHeader header;
        lock (_gate)
        {
            byte[] salt = new byte[VolumeKey.SaltBytes];
            _settings.Services.Random(salt);
            header = new WalSegmentHeader
            {
                VolumeId = _volumeId,
                WalId = WalId,
                Epoch = _epoch,
                Ordinal = ++_ordinal,
                Generation = _settings.Services.NewNumber(),
                PreviousGeneration = _generation,
                FirstSequence = _appended + 1,
                SyncedSequence = _synced,
                IsEncrypted = _key is not null,
                Salt = salt,
            };
        }
        byte[] block = new byte[WalSegmentHeader.HeaderBytes];
        header.Write(block);
        try
        {
            await segment.File.WriteAsync(0, block, CancellationToken.None);
        }
        catch (IOException ex)
        {
            Report(LogVolumeEventKind.LocalDiskFailed, $"{segment.Name} could not be put to use", ex);
            lock (_gate)
                _fileCount--;
            await DropFileAsync(segment.Name, segment.File);
            return;
        }
        lock (_gate)
        {
            segment.Begin(header, _key);
            _segments[header.Ordinal] = segment;
            _active = segment;
            _generation = header.Generation;
        }
        _fullSince = 0;
    }

    /// <summary>Waits until a segment is free, or a moment in case the disk has room again.</summary>
    private async ValueTask WaitForRoomAsync(string why)
    {
        if (_fullSince == 0)
            _fullSince = Math.Max(1, Time.GetTimestamp());
        if (_settings.LogFullTimeout is { } timeout && Time.GetElapsedTime(_fullSince) >= timeout)
            throw new BlockDeviceException(BlockError.Io, $"volume {_settings.Name}: {why} and did not drain within {timeout}");
        bool isExhausted;
        lock (_gate)
            isExhausted = _fileCount >= _capacity;
        if (isExhausted)
            _client.OnRoomNeeded();
        _wanted.Set();
        try
        {
            await _room.WaitAsync(RoomPoll, Time, _stopped);
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            throw Stopped();
        }
    }

    // The writer cancelled nothing: it is told what happened to the volume.
    private BlockDeviceException Stopped() =>
        new(BlockError.Shutdown, $"volume {_settings.Name} has stopped: it was closed or taken by another writer while a write waited for room in its log");

    private void Report(LogVolumeEventKind kind, string message, Exception? exception) =>
        _settings.Services.OnEvent?.Invoke(new LogVolumeEvent(_settings.Name, kind, $"volume {_settings.Name}: {message}", exception));
}

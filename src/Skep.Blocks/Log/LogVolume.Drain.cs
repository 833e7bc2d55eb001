using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    private static readonly TimeSpan Forever = TimeSpan.FromDays(1);

    /// <summary>When no object was built for so long, the memory for them goes back to the system.</summary>
    private static readonly TimeSpan IdleAge = TimeSpan.FromSeconds(10);

    private readonly Stack<DataObjectBuilder> _builders = new();
    private readonly AsyncSignal _commitSignal = new();
    private readonly List<Task> _running = [];
    private int _uploads;
    private long _lastBuilt;
    private bool _isMemoryReleased = true;
    private uint _nextObject;

    /// <summary>Everything written before the call is in the store on return, and the volume can be opened elsewhere with it.</summary>
    public async Task DrainAsync(CancellationToken ct)
    {
        PendingCommit? last;
        lock (_gate)
        {
            ThrowIfStopped();
            last = EndBatch();
        }
        if (last is not null)
            await last.Done.Task.WaitHereAsync(ct);
    }

    /// <summary>Ends batches that are old, and starts uploads of ended ones, oldest first, a few at a time.</summary>
    private async Task DrainLoopAsync()
    {
        await Task.Yield();
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                List<PendingCommit> starting = [];
                var pause = Forever;
                lock (_gate)
                {
                    if (!_open.IsEmpty)
                    {
                        var age = Time.GetElapsedTime(_open.Since);
                        if (age >= _settings.BatchAge)
                            EndBatch();
                        else
                            pause = _settings.BatchAge - age;
                    }
                    foreach (var commit in _commits)
                    {
                        if (_uploads >= _settings.UploadsInFlight)
                            break;
                        if (commit.Batch is null || commit.IsStarted)
                            continue;
                        commit.IsStarted = true;
                        _uploads++;
                        starting.Add(commit);
                    }
                    pause = ReleaseIdleMemory(pause);
                }
                foreach (var commit in starting)
                {
                    var upload = UploadAsync(commit, commit.Batch!);
                    lock (_gate)
                        Track(upload);
                }
                await _drainSignal.WaitAsync(pause, Time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    /// <summary>Releases the memory for objects if none was built for a while. Under the lock.</summary>
    /// <returns>How long to wait before this is worth calling again, at most what is given.</returns>
    private TimeSpan ReleaseIdleMemory(TimeSpan pause)
    {
        if (_isMemoryReleased)
            return pause;
        var idle = Time.GetElapsedTime(_lastBuilt);
        if (idle < IdleAge)
            return pause < IdleAge - idle ? pause : IdleAge - idle;
        foreach (var builder in _builders)
            builder.ReleaseMemory();
        _isMemoryReleased = true;
        return pause;
    }

    /// <summary>Remembers something that runs beside the loops, for closing waits for it. Under the lock.</summary>
    private void Track(Task task)
    {
        _running.RemoveAll(static t => t.IsCompleted);
        _running.Add(task);
    }

    /// <summary>Brings one batch to the store; its record in the manifest log comes later, in order.</summary>
    private async Task UploadAsync(PendingCommit commit, Batch batch)
    {
        await Task.Yield();
        var builder = RentBuilder();
        try
        {
            List<ManifestChange> changes = [];
            if (await BuildAsync(builder, batch) is { } built)
            {
                await PutObjectAsync(built);
                changes.Add(built.ToChange(birth: 0));
            }
            var cleared = batch.Map.All().Where(e => !e.IsData)
                .Select(e => new ClearedRange(e.Start, e.Length, e.Source == Extent.Zero)).ToList();
            if (cleared.Count > 0)
                changes.Add(new RangesCleared(cleared));
            changes.Add(new LogDrained(_wal.WalId, batch.LastSequence));
            lock (_gate)
                commit.Changes = changes;
            _commitSignal.Set();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception ex)
        {
            StopAndReport($"what its local log holds could not be brought to the store: {ex.Message}", ex);
        }
        finally
        {
            lock (_gate)
                _uploads--;
            ReturnBuilder(builder);
        }
    }

    /// <summary>Reads a batch's content back from the log, in the order of sectors.</summary>
    private async ValueTask<BuiltObject?> BuildAsync(DataObjectBuilder builder, Batch batch)
    {
        if (batch.Map.DataSectors == 0)
            return null;
        List<Extent> extents = [.. batch.Map.All().Where(static e => e.IsData)];
        BeginObject(builder, DataObjectHeader.LengthOf(extents.ConvertAll(static e => e.ToPlaced())));
        foreach (var extent in extents)
        {
            WalSegment segment;
            int recordAt;
            lock (_gate)
            {
                segment = _wal.Pin(extent.Source);
                recordAt = segment.FindRecord((int)extent.Offset * Extent.SectorBytes);
            }
            try
            {
                builder.AddExtent(extent.ToPlaced());
                int at = (int)extent.Offset * Extent.SectorBytes;
                for (int left = (int)extent.Length * Extent.SectorBytes; left > 0;)
                {
                    var space = builder.GetSpace(left);
                    await segment.ReadAsync(recordAt, at, space, _stop.Token);
                    builder.Advance(space.Length);
                    at += space.Length;
                    left -= space.Length;
                }
            }
            finally
            {
                _wal.Unpin(segment);
            }
        }
        return builder.Finish(_identity.VolumeId, _state.Epoch, TakeObjectNumber());
    }

    private DataObjectBuilder RentBuilder()
    {
        lock (_gate)
            return _builders.TryPop(out var builder) ? builder : new DataObjectBuilder(_state.ObjectBytes + _wal.RecordDataMax);
    }

    private void ReturnBuilder(DataObjectBuilder builder)
    {
        lock (_gate)
        {
            _builders.Push(builder);
            (_lastBuilt, _isMemoryReleased) = (Time.GetTimestamp(), false);
        }
        _drainSignal.Set();
    }

    /// <summary>A number that no object of the volume has, nor any upload under way.</summary>
    private uint TakeObjectNumber()
    {
        lock (_gate)
        {
            _nextObject = Math.Max(_nextObject, _state.NextObject);
            if (_nextObject >= Extent.SourceMax)
                throw new BlockDeviceException(BlockError.NoSpace, $"volume {Name} has used up its {Extent.SourceMax} object numbers");
            return _nextObject++;
        }
    }

    /// <summary>Stores a data object, however long the store takes to answer.</summary>
    private async Task PutObjectAsync(BuiltObject built)
    {
        string key = VolumeNames.Data(Name, _state.Epoch, built.Id);
        var pause = _settings.RetryDelay;
        while (true)
        {
            try
            {
                // False means that it is there: an attempt of ours timed out with effect, for no other writer has our epoch.
                if (!await _settings.Store.PutAsync(key, built.Parts, PutCondition.IfAbsent, _stop.Token))
                    await CheckSameAsync(key, built);
                _storeFailure = null;
                return;
            }
            catch (ObjectStoreException ex)
            {
                _storeFailure = ex.Message;
                Report(LogVolumeEventKind.StoreFailed, $"volume {Name}: {key} could not be stored: {ex.Message}; trying again", ex);
                if (ex.Error == ObjectStoreError.Full)
                    pause = _settings.RetryDelayMax;
            }
            await Task.Delay(pause, Time, _stop.Token);
            pause = pause * 2 < _settings.RetryDelayMax ? pause * 2 : _settings.RetryDelayMax;
        }
    }

    private async ValueTask CheckSameAsync(string key, BuiltObject built)
    {
        byte[] found = new byte[built.Header.Length];
        await _settings.Store.GetAsync(key, 0, found, _stop.Token);
        if (!built.Header.Span.SequenceEqual(found))
            throw new LogFormatException(LogFormatError.Foreign, $"{key} exists and is not what this writer stored: somebody else writes with epoch {_state.Epoch}");
    }
}

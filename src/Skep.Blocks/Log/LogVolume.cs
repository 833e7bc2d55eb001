namespace Skep.Blocks.Log;

/// <summary>
/// A volume that is written as a log: writes go to a write-ahead log on a local disk, are gathered to immutable objects in
/// an object store, and are found by a map of extents. One writer at a time, fenced by the volume's manifest log. Made for
/// many callers at once; every call may overlap every other. docs/block-format.md describes what is stored, and why each
/// crash is survived.
/// </summary>
public sealed partial class LogVolume : IBlockDevice, IWalClient
{
    private readonly Lock _gate = new();
    private readonly LogVolumeSettings _settings;
    private readonly CancellationTokenSource _stop = new();
    private readonly VolumeIdentity _identity;
    private readonly VolumeState _state;
    private readonly VolumeKey? _key;
    private readonly StoreReader _store;
    private readonly ManifestLog _manifest;
    private readonly BlockReader _blocks;
    private readonly WriteAheadLog _wal;
    private readonly IDisposable _directoryLock;
    private readonly List<Task> _loops = [];

    // Under the lock.
    private readonly ExtentMap _walMap = new();
    private readonly Queue<PendingCommit> _commits = new();
    private Batch _open = new(1);
    private BlockDeviceException? _failure;
    private string? _storeFailure;
    private bool _isFenced;
    private bool _isClosing;

    private LogVolume(LogVolumeSettings settings, VolumeIdentity identity, VolumeState state, ManifestLog manifest, VolumeKey? key, Guid walId, IDisposable directoryLock, ReadCache? cache)
    {
        (_settings, _identity, _state, _manifest, _key, _directoryLock) = (settings, identity, state, manifest, key, directoryLock);
        _store = StoreReader.Of(settings);
        _blocks = new BlockReader(_store, new BlockDecoder(key), settings.Name, settings.Services) { Cache = cache, Patience = new ReadPatience(settings.ReadTimeout, _stop.Token) };
        _readAhead = new ReadAhead(settings.ReadAheadBytes);
        _wal = new WriteAheadLog(_gate, settings, this, identity.VolumeId, walId, key, _stop.Token);
    }

    public string Name => _settings.Name;

    /// <inheritdoc/>
    public long SizeBytes
    {
        get
        {
            lock (_gate)
                return _state.SizeBytes;
        }
    }

    /// <inheritdoc/>
    public BlockDeviceTraits Traits { get; } = new() { BlockSizeMin = Extent.SectorBytes, CanResize = true };

    /// <summary>What the volume is doing.</summary>
    public LogVolumeStatus Status
    {
        get
        {
            lock (_gate)
            {
                long live = 0, total = 0, stored = 0;
                foreach (var entry in _state.Objects.Values)
                {
                    if (_purged.Contains(entry.Id))
                        continue;
                    live += entry.LiveSectors;
                    total += entry.Sectors;
                    stored += entry.StoredBytes;
                }
                return new LogVolumeStatus
                {
                    VolumeId = _identity.VolumeId,
                    Epoch = _state.Epoch,
                    RecordNumber = _state.Number,
                    IsFenced = _isFenced,
                    Failure = _failure?.Message,
                    SizeBytes = _state.SizeBytes,
                    LogFullness = _wal.Fullness,
                    UndrainedBytes = _walMap.DataSectors * Extent.SectorBytes,
                    Objects = _state.Objects.Count - _purged.Count,
                    LiveBytes = live * Extent.SectorBytes,
                    TotalBytes = total * Extent.SectorBytes,
                    StoredBytes = stored,
                    Extents = _state.Map.Count,
                    Snapshots = _state.Snapshots.Count,
                    HasBase = _state.HasBase,
                    CacheHits = Interlocked.Read(ref _blocks.Hits),
                    CacheMisses = Interlocked.Read(ref _blocks.Misses),
                    ObjectsCollected = _objectsCollected,
                    StoreFailure = _storeFailure ?? _store.Failure,
                    ReplicaFailure = _wal.ReplicaFailure,
                };
            }
        }
    }

    private TimeProvider Time => _settings.Services.TimeProvider;

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
            throw new BlockDeviceException(failure.Error, failure.Message, failure);
    }

    private void ThrowIfStopped()
    {
        ThrowIfFailed();
        if (_isClosing)
            throw new BlockDeviceException(BlockError.Shutdown, $"volume {Name} is closed");
    }

    /// <summary>Stops for good: every later call fails in the same way.</summary>
    private void Stop(BlockDeviceException failure)
    {
        List<PendingCommit> pending;
        lock (_gate)
        {
            if (_failure is not null)
                return;
            _failure = failure;
            pending = [.. _commits];
        }
        _stop.Cancel();
        foreach (var commit in pending)
            commit.Done.TrySetException(failure);
    }

    private void StopAndReport(string why, Exception cause)
    {
        string message = $"volume {Name} stopped: {why}";
        Report(LogVolumeEventKind.Stopped, message, cause);
        Stop(new BlockDeviceException(BlockError.Io, message, cause));
    }

    void IWalClient.OnFailed(Exception failure)
    {
        Report(LogVolumeEventKind.LocalDiskFailed, failure.Message, failure);
        Stop(failure as BlockDeviceException ?? new BlockDeviceException(BlockError.Io, failure.Message, failure));
    }

    private void Report(LogVolumeEventKind kind, string message, Exception? exception) =>
        _settings.Services.OnEvent?.Invoke(new LogVolumeEvent(Name, kind, message, exception));
}

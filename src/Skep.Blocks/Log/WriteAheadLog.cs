using Skep.Blocks.Files;
using Skep.Blocks.Log.Replication;

namespace Skep.Blocks.Log;

/// <summary>
/// The write-ahead log of a volume on a local disk: a ring of pre-zeroed segments. Requests that arrive while an append is
/// under way share the next record; flushes that arrive while a sync is under way share the next sync. State is guarded by
/// the volume's lock, so that the log's content and the volume's maps always agree.
/// </summary>
internal sealed partial class WriteAheadLog : IAsyncDisposable
{
    private readonly Lock _gate;
    private readonly IBlockDirectory _directory;
    private readonly LogVolumeSettings _settings;
    private readonly IWalClient _client;
    private readonly Guid _volumeId;
    private readonly VolumeKey? _key;
    private readonly CancellationToken _stopped;

    // Under the lock.
    private readonly Dictionary<uint, WalSegment> _segments = [];

    /// <summary>The one used last is used next: its pages are in memory, and may be written over before they reach the disk.</summary>
    private readonly Stack<WalSegment> _spares = new();
    private readonly Queue<WalSegment> _retired = new();
    private WalSegment? _active;
    private ulong _appended;
    private ulong _synced;
    private uint _ordinal;
    private ulong _generation;
    private uint _epoch;
    private int _capacity;
    private ulong _released;
    private Exception? _failure;

    /// <summary>Sends the log to its replica; null without one, or before the log is open.</summary>
    private ReplicaWriter? _replica;

    /// <param name="gate">The volume's lock.</param>
    /// <param name="settings">Directory, sizes, services.</param>
    /// <param name="client">Told of every record, under the lock.</param>
    /// <param name="volumeId">The volume.</param>
    /// <param name="walId">This log's id.</param>
    /// <param name="key">The volume's key when it is encrypted.</param>
    /// <param name="stopped">Ends background work.</param>
    public WriteAheadLog(Lock gate, LogVolumeSettings settings, IWalClient client, Guid volumeId, Guid walId, VolumeKey? key, CancellationToken stopped)
    {
        (_gate, _settings, _client, _volumeId, WalId, _key, _stopped) = (gate, settings, client, volumeId, walId, key, stopped);
        _directory = settings.LogDirectory;
        _capacity = SegmentsMax;
    }

    public Guid WalId { get; }

    /// <summary>The most bytes of data that one record takes.</summary>
    public int RecordDataMax => (int)Math.Min(1 << 20, (_settings.SegmentBytes - WalSegmentHeader.HeaderBytes - WalRecordHeader.HeaderBytes) & ~4095L);

    /// <summary>The last record's number. Under the lock.</summary>
    public ulong Appended => _appended;

    /// <summary>Part of the log in use, 0 to 1. Under the lock.</summary>
    public double Fullness
    {
        get
        {
            long used = (long)_segments.Count * _settings.SegmentBytes;
            if (_active is { IsClosed: false } active)
                used -= _settings.SegmentBytes - active.EndBytes;
            return Math.Min(1, used / ((double)_capacity * _settings.SegmentBytes));
        }
    }

    private int SegmentsMax => (int)Math.Max(4, _settings.LogBytes / _settings.SegmentBytes);

    private TimeProvider Time => _settings.Services.TimeProvider;

    /// <summary>Takes a segment so that it is not used again while it is read. Under the lock.</summary>
    public WalSegment Pin(uint ordinal)
    {
        var segment = _segments[ordinal];
        segment.Readers++;
        return segment;
    }

    public void Unpin(WalSegment segment)
    {
        lock (_gate)
        {
            segment.Readers--;
            if (segment is { IsReleased: true, Readers: 0 })
                Recycle(segment);
        }
    }

    /// <summary>All records up to a number are in the store: their segments may be used again. Under the lock.</summary>
    public void Release(ulong sequence)
    {
        _released = sequence;
        foreach (var segment in _segments.Values.ToArray())
            TryRelease(segment);
        _replica?.Release(sequence);
    }

    /// <summary>Lets a segment be used again if nothing is appended to it any more and the store has what it has. Under the lock.</summary>
    private void TryRelease(WalSegment segment)
    {
        if (!segment.IsClosed || segment.IsReleased || segment.LastSequence > _released)
            return;
        segment.IsReleased = true;
        if (segment.Readers == 0)
            Recycle(segment);
    }

    /// <summary>Why the replica does not take the log; null when it does, or there is none.</summary>
    public string? ReplicaFailure => _replica?.Failure;

    /// <summary>Flushes are of the local log alone from now on: the volume is being closed.</summary>
    public void EndReplication() => _replica?.EndWaiting();

    /// <summary>Sends the log to its replica until the volume stops.</summary>
    public Task ReplicateAsync() => _replica?.RunAsync() ?? Task.CompletedTask;

    /// <summary>Why nothing works any more, if so. Under the lock.</summary>
    public Exception? Failure => _failure;

    public async ValueTask DisposeAsync()
    {
        foreach (var segment in _segments.Values.Concat(_spares).Concat(_retired))
            await segment.DisposeAsync();
        _segments.Clear();
        _spares.Clear();
        _retired.Clear();
    }

    private void Recycle(WalSegment segment)
    {
        _segments.Remove(segment.Header!.Ordinal);
        if (segment == _active)
            _active = null;
        if (segment.IsBad)
        {
            _fileCount--;
            _retired.Enqueue(segment);
            _wanted.Set();
            return;
        }
        _spares.Push(segment);
        _room.Set();
    }

    /// <summary>Stops the log for good: what the disk holds is no longer known.</summary>
    private BlockDeviceException Fail(string what, Exception cause)
    {
        var failure = new BlockDeviceException(BlockError.Io, $"volume {_settings.Name} stopped: {what}: {cause.Message}", cause);
        lock (_gate)
            _failure ??= failure;
        _client.OnFailed(failure);
        return failure;
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
            throw new BlockDeviceException(BlockError.Io, failure.Message, failure);
    }
}

/// <summary>What the log tells its volume.</summary>
internal interface IWalClient
{
    /// <summary>A record was appended, or found at replay. Under the lock.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="ordinal">The segment.</param>
    /// <param name="dataSector">Where its data begins in the segment, in sectors.</param>
    /// <param name="entries">Its requests.</param>
    /// <param name="totalBytes">What it takes of the log.</param>
    void OnAppended(ulong sequence, uint ordinal, uint dataSector, ReadOnlySpan<WalEntry> entries, int totalBytes);

    /// <summary>An append waits for room.</summary>
    void OnRoomNeeded();

    /// <summary>The log stopped for good.</summary>
    void OnFailed(Exception failure);
}

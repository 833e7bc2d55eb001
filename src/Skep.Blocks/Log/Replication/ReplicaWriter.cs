namespace Skep.Blocks.Log.Replication;

/// <summary>
/// Sends a volume's log to a keeper of its copy while the volume is open. Records are copied to a ring in memory and sent from
/// there, many with one call; they stay until they are durable at the keeper or in the object store, so that what a broken
/// connection lost is sent again. A flush is answered when all before it is covered: the object store has what came before
/// the first record that the keeper was given without a gap, and the keeper or the store has the rest. While the keeper is
/// away nothing is appended to a ring that is full, and flushes are covered by bringing everything to the store.
/// </summary>
internal sealed partial class ReplicaWriter
{
    /// <summary>A connection that does not answer for so long, while somebody waits, is given up.</summary>
    private static readonly TimeSpan _replyTimeout = TimeSpan.FromSeconds(10);

    /// <summary>A keeper that is away for less is waited for before flushes are covered by the store.</summary>
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(1);

    /// <summary>How many syncs are asked for while a ring fills.</summary>
    private const int SyncsPerRing = 4;

    private readonly Lock _gate = new();
    private readonly LogVolumeSettings _settings;
    private readonly IReplicaConnector _connector;
    private readonly ReplicaHandshake _handshake;
    private readonly Action _drain;

    /// <summary>The last record that this opener had found.</summary>
    private readonly ulong _found;
    private readonly CancellationToken _stopped;
    private readonly AsyncSignal _send = new();
    private readonly AsyncSignal _covered = new();
    private readonly AsyncSignal _room = new();

    // Under the lock.
    private readonly FrameRing _ring;
    private ulong _appended;
    private ulong _released;
    private ulong _durable;
    private ulong _base;
    private ulong _flushAsked;
    private ulong _releaseSent;
    private long _unsyncedBytes;
    private ulong _synced;
    private long _heardAt;
    private long _awaySince;
    private string? _failure;
    private bool _isEnded;
    private bool _isConnected;

    /// <summary>It answered, and refused: that it answers again says nothing yet.</summary>
    private bool _isRefused;

    /// <summary>The keeper lacks something: it gets records again from the next segment on.</summary>
    private bool _isGap = true;

    /// <summary>That segment is not begun before there is somebody to take it.</summary>
    private bool _isGapKept;

    private volatile bool _wantsFreshSegment;
    private CancellationTokenSource? _connection;

    /// <param name="settings">Keeper, clock, events, delays.</param>
    /// <param name="handshake">The log and its epoch.</param>
    /// <param name="appended">The last record that was replayed.</param>
    /// <param name="released">The last record that the store has.</param>
    /// <param name="drain">Lets what was written so far go to the store; called without any lock.</param>
    /// <param name="stopped">Ends everything.</param>
    public ReplicaWriter(LogVolumeSettings settings, ReplicaHandshake handshake, ulong appended, ulong released, Action drain, CancellationToken stopped)
    {
        (_settings, _connector, _handshake, _drain, _stopped) = (settings, settings.Replica!, handshake, drain, stopped);
        (_found, _appended, _base, _released, _releaseSent) = (appended, appended, appended, released, 0);
        _ring = new FrameRing(settings.ReplicaWindowBytes);
        _awaySince = Time.GetTimestamp();
    }

    /// <summary>Whether the log should go on in a new segment, so that the keeper can have all of it.</summary>
    public bool WantsFreshSegment => _wantsFreshSegment;

    /// <summary>Whether flushes are answered without it: the volume is being closed.</summary>
    public bool IsEnded
    {
        get
        {
            lock (_gate)
                return _isEnded;
        }
    }

    /// <summary>Why the keeper is away; null when it is not.</summary>
    public string? Failure
    {
        get
        {
            lock (_gate)
                return _failure;
        }
    }

    private TimeProvider Time => _settings.Services.TimeProvider;

    /// <summary>Takes a record that the local log has just got. Waits while the keeper is slow. One caller at a time.</summary>
    /// <param name="segment">The segment that it is in.</param>
    /// <param name="sequence">Its number.</param>
    /// <param name="usedBytes">How much of its header is in use.</param>
    /// <param name="dataBytes">Bytes of its data.</param>
    /// <param name="parts">Its header, and its data in parts; padding may follow.</param>
    public ValueTask AppendAsync(WalSegmentHeader segment, ulong sequence, int usedBytes, int dataBytes, List<ReadOnlyMemory<byte>> parts) =>
        TryAppend(segment, sequence, usedBytes, dataBytes, parts) ? default : AppendSlowlyAsync(segment, sequence, usedBytes, dataBytes, parts);

    private async ValueTask AppendSlowlyAsync(WalSegmentHeader segment, ulong sequence, int usedBytes, int dataBytes, List<ReadOnlyMemory<byte>> parts)
    {
        long since = Time.GetTimestamp();
        do
        {
            await _room.WaitAsync(_replyTimeout, Time, _stopped);
            BreakIfSilent(since);
        }
        while (!TryAppend(segment, sequence, usedBytes, dataBytes, parts));
    }

    /// <summary>Everything up to a record survives the loss of this machine on return.</summary>
    /// <exception cref="BlockDeviceException">The volume is being closed: who waits is not told that it does.</exception>
    public async Task FlushAsync(ulong sequence)
    {
        long since = Time.GetTimestamp();
        while (true)
        {
            bool isStoreNeeded, isConnected;
            lock (_gate)
            {
                if (IsCovered(sequence))
                    return;
                if (_isEnded)
                    throw new BlockDeviceException(BlockError.Shutdown, $"volume {_settings.Name} was closed while a flush waited for the replica of its log");
                // Not more than the local log has: what the keeper notes as flushed would come back after a loss of power here.
                if (!_isGap && _flushAsked < sequence && _ring.TryAdd(ReplicaFrameKind.Flush, sequence))
                    _flushAsked = sequence;
                isConnected = _isConnected;
                isStoreNeeded = _isGap || _released < _base || (!isConnected && Time.GetElapsedTime(_awaySince) >= _grace);
            }
            _send.Set();
            if (isStoreNeeded)
                _drain();
            await _covered.WaitAsync(isConnected ? _replyTimeout : _grace, Time, _stopped);
            BreakIfSilent(since);
        }
    }

    /// <summary>The object store has all records up to one.</summary>
    public void Release(ulong sequence)
    {
        lock (_gate)
        {
            _released = Math.Max(_released, sequence);
            _ring.Free(Math.Max(_synced, _released));
        }
        SetAll();
    }

    /// <summary>The volume is being closed: nobody waits for the keeper any more.</summary>
    public void EndWaiting()
    {
        lock (_gate)
            _isEnded = true;
        SetAll();
    }

    private bool IsCovered(ulong sequence) => _released >= sequence || (!_isGap && _released >= _base && _durable >= sequence);

    private bool TryAppend(WalSegmentHeader segment, ulong sequence, int usedBytes, int dataBytes, List<ReadOnlyMemory<byte>> parts)
    {
        lock (_gate)
        {
            // A record that waited may have been taken by nobody before the volume stopped, never twice.
            if (_isGap && sequence == segment.FirstSequence && (_isConnected || !_isGapKept))
            {
                (_isGap, _isGapKept, _wantsFreshSegment) = (false, false, false);
                (_base, _unsyncedBytes) = (sequence - 1, 0);
                _flushAsked = _durable = _synced = 0;
            }
            if (_isGap || _isEnded)
            {
                _appended = sequence;
                return true;
            }
            bool isFirst = sequence == segment.FirstSequence;
            if (!_ring.HasRoom(FrameRing.SegmentFrameBytes + FrameRing.RecordFrameBytes(usedBytes, dataBytes) + ReplicaFrame.HeaderBytes))
            {
                if (_isConnected)
                    return false;
                KeepGap();
                _appended = sequence;
                return true;
            }
            if (isFirst)
                _ring.AddSegment(segment, _settings.SegmentBytes);
            _ring.AddRecord(sequence, usedBytes, dataBytes, parts);
            _appended = sequence;
            _unsyncedBytes += dataBytes + usedBytes;
            if (_unsyncedBytes >= _ring.LengthBytes / SyncsPerRing && _ring.TryAdd(ReplicaFrameKind.Sync, sequence))
                _unsyncedBytes = 0;
        }
        _send.Set();
        return true;
    }

    /// <summary>Gives up what the keeper does not have yet; it begins anew with a segment that it gets whole. Under the lock, not connected.</summary>
    private void KeepGap()
    {
        (_isGap, _isGapKept) = (true, true);
        _durable = _flushAsked = _synced = 0;
        _ring.Clear();
    }

    private void BreakIfSilent(long since)
    {
        lock (_gate)
            if (_isConnected && Time.GetElapsedTime(Math.Max(since, _heardAt)) >= _replyTimeout)
                _connection?.Cancel();
    }

    private void SetAll()
    {
        _covered.Set();
        _room.Set();
        _send.Set();
    }
}

namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    /// <summary>Delays shorter than this are not worth a timer.</summary>
    private static readonly TimeSpan ThrottleDelayMin = TimeSpan.FromMilliseconds(1);

    /// <summary>A batch with more extents than this is ended, whatever its bytes.</summary>
    private const int BatchExtentsMax = 32_768;

    private readonly AsyncSignal _drainSignal = new();

    /// <summary>One change of the volume itself (snapshots, size, keys) at a time.</summary>
    private readonly SemaphoreSlim _control = new(1);

    /// <inheritdoc/>
    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, CancellationToken ct)
    {
        if (source.Length == 0)
            return isDurable ? FlushAsync(ct) : default;
        TimeSpan delay;
        lock (_gate)
        {
            CheckRange(offset, source.Length);
            delay = ThrottleDelay();
        }
        if (source.Length > _wal.RecordDataMax || delay >= ThrottleDelayMin || isDurable)
            return WriteSlowlyAsync(offset, source, isDurable, delay, ct);
        var append = _wal.AppendAsync(new WalEntry(WalKind.Write, Sector(offset), (uint)Sector(source.Length)), source);
        if (!append.IsCompletedSuccessfully)
            return AwaitAsync(append);
        _ = append.GetAwaiter().GetResult();
        return default;
    }

    private static async ValueTask AwaitAsync(ValueTask<ulong> append) => await append;

    private async ValueTask WriteSlowlyAsync(long offset, ReadOnlyMemory<byte> source, bool isDurable, TimeSpan delay, CancellationToken ct)
    {
        if (delay >= ThrottleDelayMin)
            await Task.Delay(delay, Time, ct);
        ulong sequence = 0;
        while (source.Length > 0)
        {
            var part = source[..Math.Min(source.Length, _wal.RecordDataMax)];
            sequence = await _wal.AppendAsync(new WalEntry(WalKind.Write, Sector(offset), (uint)Sector(part.Length)), part);
            offset += part.Length;
            source = source[part.Length..];
        }
        if (isDurable)
            await _wal.FlushAsync(sequence);
    }

    /// <inheritdoc/>
    public async ValueTask FlushAsync(CancellationToken ct)
    {
        lock (_gate)
            ThrowIfStopped();
        await _wal.FlushAsync();
    }

    /// <inheritdoc/>
    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken ct) =>
        ClearAsync(WalKind.Hole, offset, length, isDurable);

    /// <inheritdoc/>
    public ValueTask WriteZeroesAsync(long offset, long length, ZeroOptions options, CancellationToken ct) =>
        ClearAsync(options.HasFlag(ZeroOptions.KeepAllocated) ? WalKind.Zero : WalKind.Hole, offset, length, options.HasFlag(ZeroOptions.Durable));

    private async ValueTask ClearAsync(WalKind kind, long offset, long length, bool isDurable)
    {
        lock (_gate)
            CheckRange(offset, length);
        ulong sequence = 0;
        for (ulong at = Sector(offset), end = Sector(offset + length); at < end;)
        {
            uint count = (uint)Math.Min(end - at, Extent.LengthMax);
            sequence = await _wal.AppendAsync(new WalEntry(kind, at, count), default);
            at += count;
        }
        if (isDurable)
            await _wal.FlushAsync(sequence);
    }

    /// <summary>Fails when the volume cannot serve, or the range is not within it. Under the lock.</summary>
    private void CheckRange(long offset, long length)
    {
        ThrowIfStopped();
        if (offset < 0 || length < 0 || offset > _state.SizeBytes - length || ((offset | length) & (Extent.SectorBytes - 1)) != 0)
            throw new BlockDeviceException(BlockError.OutOfRange, $"volume {Name}: {length} bytes at {offset} are not whole sectors within its {_state.SizeBytes} bytes");
    }

    /// <summary>How long a write waits because the log fills faster than it drains: little at first, more and more. Under the lock.</summary>
    private TimeSpan ThrottleDelay()
    {
        double over = (_wal.Fullness - _settings.ThrottleFrom) / (1 - _settings.ThrottleFrom);
        return over <= 0 ? TimeSpan.Zero : _settings.ThrottleDelayMax * (over * over * over);
    }

    void IWalClient.OnAppended(ulong sequence, uint ordinal, uint dataSector, ReadOnlySpan<WalEntry> entries, int totalBytes)
    {
        if (_open.IsEmpty)
        {
            _open.Since = Time.GetTimestamp();
            _drainSignal.Set();
        }
        foreach (var entry in entries)
        {
            var extent = entry.Kind == WalKind.Write
                ? new Extent(entry.Start, entry.Sectors, ordinal, dataSector)
                : new Extent(entry.Start, entry.Sectors, entry.Kind == WalKind.Hole ? Extent.Hole : Extent.Zero, _open.Number);
            if (entry.Kind == WalKind.Write)
                dataSector += entry.Sectors;
            _walMap.Set(extent, displaced: null);
            _open.Map.Set(extent, displaced: null);
        }
        _open.LastSequence = sequence;
        _open.LogBytes += totalBytes;
        if (_open.Map.DataSectors * Extent.SectorBytes >= _state.ObjectBytes || _open.LogBytes >= _settings.LogBytes / 8 || _open.Map.Count >= BatchExtentsMax)
            EndBatch();
    }

    void IWalClient.OnRoomNeeded()
    {
        lock (_gate)
            EndBatch();
    }

    /// <summary>Lets what was written so far go to the store. Under the lock.</summary>
    /// <returns>What the next batch has to wait for; null when there is nothing.</returns>
    private PendingCommit? EndBatch()
    {
        if (_open.IsEmpty)
            return _commits.LastOrDefault();
        var commit = new PendingCommit { Batch = _open };
        _commits.Enqueue(commit);
        _open = new Batch(_open.Number + 1);
        _drainSignal.Set();
        return commit;
    }

    /// <inheritdoc/>
    public async ValueTask ResizeAsync(long sizeBytes, CancellationToken ct)
    {
        await _control.EnterAsync(ct);
        try
        {
            lock (_gate)
            {
                ThrowIfStopped();
                if (sizeBytes < _state.SizeBytes)
                    throw new BlockDeviceException(BlockError.NotSupported, $"volume {Name} has {_state.SizeBytes} bytes and cannot shrink to {sizeBytes}");
                if (sizeBytes % Extent.SectorBytes != 0)
                    throw new BlockDeviceException(BlockError.OutOfRange, $"the size {sizeBytes} is not a multiple of {Extent.SectorBytes}");
            }
            await Enqueue([new VolumeResized(sizeBytes)]).Done.Task.WaitHereAsync(ct);
        }
        finally
        {
            _control.Release();
        }
    }

    private static ulong Sector(long offset) => (ulong)offset / Extent.SectorBytes;
}

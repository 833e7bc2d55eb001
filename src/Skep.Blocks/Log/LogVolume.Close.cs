namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    private readonly SemaphoreSlim _closeGate = new(1);
    private LogCloseReport? _closeReport;

    /// <summary>
    /// Closes the volume: drains it if the store lets it within <see cref="LogVolumeSettings.CloseDrainTimeout"/>, else makes
    /// durable in the local log what the store lacks, for the next opening here.
    /// </summary>
    /// <returns>What is left in the local log alone.</returns>
    public async Task<LogCloseReport> CloseAsync(CancellationToken ct)
    {
        await _closeGate.EnterAsync(ct);
        try
        {
            return _closeReport ??= await CloseOnceAsync(ct);
        }
        finally
        {
            _closeGate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(CancellationToken.None);
        _stop.Dispose();
    }

    /// <summary>Stops at once, as if the process had died: for tests and simulations.</summary>
    public async Task AbandonAsync()
    {
        Stop(new BlockDeviceException(BlockError.Shutdown, $"volume {Name} was abandoned"));
        await _closeGate.WaitAsync(CancellationToken.None);
        try
        {
            _closeReport ??= await ReleaseAsync(new OperationCanceledException($"volume {Name} was abandoned"));
        }
        finally
        {
            _closeGate.Release();
        }
    }

    private async Task<LogCloseReport> CloseOnceAsync(CancellationToken ct)
    {
        Exception? failure = null;
        try
        {
            PendingCommit? last;
            lock (_gate)
            {
                ThrowIfStopped();
                _isClosing = true;
                last = EndBatch();
            }
            _wal.EndReplication();
            await FlushLocalAsync();
            if (last is not null)
                await last.Done.Task.WaitHereAsync(_settings.CloseDrainTimeout, Time, ct);
        }
        catch (Exception ex) when (ex is BlockDeviceException or TimeoutException or OperationCanceledException)
        {
            failure = ex;
        }
        return await ReleaseAsync(failure);
    }

    /// <summary>Makes the local log durable, whatever its replica does.</summary>
    private async Task FlushLocalAsync()
    {
        try
        {
            await _wal.FlushAsync();
        }
        catch (BlockDeviceException ex) when (ex.Error == BlockError.Shutdown && !_stop.IsCancellationRequested)
        {
            // A flush that waited for the replica has ended without an answer; the next does not ask it.
            await _wal.FlushAsync();
        }
    }

    private async Task<LogCloseReport> ReleaseAsync(Exception? failure)
    {
        lock (_gate)
            _isClosing = true;
        _stop.Cancel();
        await Task.WhenAll(_loops);
        Task[] running;
        lock (_gate)
            running = [.. _running];
        await Task.WhenAll(running);
        long left;
        lock (_gate)
        {
            left = _walMap.DataSectors * Extent.SectorBytes;
            foreach (var builder in _builders)
                builder.Dispose();
            _builders.Clear();
        }
        await _wal.DisposeAsync();
        if (_blocks.Cache is { } cache)
            await cache.DisposeAsync();
        _directoryLock.Dispose();
        return new LogCloseReport(left, left > 0 || failure is not null ? failure : null);
    }
}

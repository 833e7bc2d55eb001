namespace Skep.Blocks.Log;

internal sealed partial class WriteAheadLog
{
    private TaskCompletionSource? _syncDone;
    private bool _isSyncing;

    /// <summary>Everything appended so far is durable on return.</summary>
    public ValueTask FlushAsync() => FlushAsync(ulong.MaxValue);

    /// <summary>Records up to a number are durable on return. Who comes while a sync is under way shares the next one.</summary>
    public async ValueTask FlushAsync(ulong sequence)
    {
        bool isFirst = true;
        while (true)
        {
            Task? others = null;
            lock (_gate)
            {
                ThrowIfFailed();
                if (isFirst)
                    sequence = Math.Min(sequence, _appended);
                isFirst = false;
                if (_synced >= sequence)
                    return;
                if (_isSyncing)
                    others = (_syncDone ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                else
                    _isSyncing = true;
            }
            if (others is not null)
                await others;
            else
                await SyncAsync();
        }
    }

    private async ValueTask SyncAsync()
    {
        Task? replicated = null;
        try
        {
            ulong target;
            List<(WalSegment Segment, ulong Last)> dirty = [];
            lock (_gate)
            {
                target = _appended;
                foreach (var segment in _segments.Values)
                    if (segment.LastSequence > segment.SyncedSequence)
                        dirty.Add((segment, segment.LastSequence));
            }
            // Both copies at a time.
            if (_replica is { IsEnded: false } replica)
                replicated = replica.FlushAsync(target);
            foreach (var (segment, last) in dirty)
            {
                await segment.File.SyncAsync(CancellationToken.None);
                lock (_gate)
                    if (last > segment.SyncedSequence && last <= segment.LastSequence)
                        segment.SyncedSequence = last;
            }
            if (replicated is not null)
                await replicated;
            lock (_gate)
                _synced = Math.Max(_synced, target);
        }
        catch (Exception ex) when (replicated is not null && ex is OperationCanceledException or BlockDeviceException { Error: BlockError.Shutdown })
        {
            // The volume ends while the replica is waited for: nobody is told that it has what it may lack.
            throw Stopped();
        }
        catch (Exception ex)
        {
            // After a failed sync the kernel calls the lost pages clean: a second sync would succeed and mean nothing.
            throw Fail("its log could not be made durable", ex);
        }
        finally
        {
            // Its failure, if it has one, is that of the volume.
            _ = replicated?.Exception;
            TaskCompletionSource? done;
            lock (_gate)
            {
                _isSyncing = false;
                (done, _syncDone) = (_syncDone, null);
            }
            done?.SetResult();
        }
    }
}

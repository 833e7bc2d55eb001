using System.Collections.Concurrent;
using Skep.Objects.Disk;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>
/// The one writer. Changes wait in a bounded queue; a thread of its own takes what is there, makes the names of their data
/// files durable, decides and writes all of them in one transaction, and answers when it has committed. A change that fails
/// must not have written anything; should it have, the others are done again without it.
/// </summary>
internal sealed class Committer : IDisposable
{
    private const int QueueMax = 1_024;
    private const int BatchMax = 256;

    /// <summary>How often room is made on a full disk for one batch.</summary>
    private const int RoomAttemptsMax = 2;

    private readonly SqliteConnection _db;
    private readonly IDataDisk _disk;
    private readonly DataReaper _reaper;
    private readonly Ballast _ballast;
    private readonly IdSource _ids;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _room = new(QueueMax);
    private readonly BlockingCollection<PendingChange> _queue = [];
    private readonly Thread _thread;
    private ObjectException? _failure;

    public Committer(SqliteConnection db, IDataDisk disk, DataReaper reaper, Ballast ballast, IdSource ids, TimeProvider time)
    {
        _db = db;
        _disk = disk;
        _reaper = reaper;
        _ballast = ballast;
        _ids = ids;
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "skep-objects" };
        _thread.Start();
    }

    /// <summary>Makes a change; it is durable when this returns.</summary>
    /// <param name="what">Names the change in failures.</param>
    /// <param name="needsSpace">Whether it is refused when the disk is nearly full; false for what frees space.</param>
    /// <param name="file">A published data file that it refers to; 0 for none.</param>
    /// <param name="apply">Decides and writes. Expected failures come before the first write. May run again.</param>
    /// <param name="ct">Cancels while it waits for room in the queue, not after.</param>
    public async ValueTask<T> RunAsync<T>(string what, bool needsSpace, long file, Func<WriteScope, T> apply, CancellationToken ct)
    {
        await _room.WaitAsync(ct);
        var change = new PendingChange<T>(what, needsSpace, file, apply);
        try
        {
            _queue.Add(change, CancellationToken.None);
        }
        catch (InvalidOperationException ex)
        {
            _room.Release();
            throw new ObjectException(ObjectError.Io, $"{what}: the store is closed", ex);
        }

        return await change.Done;
    }

    /// <summary>Finishes what is queued.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
        _room.Dispose();
    }

    private void Run()
    {
        var batch = new List<PendingChange>(BatchMax);
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            batch.Add(first);
            while (batch.Count < BatchMax && _queue.TryTake(out var next))
                batch.Add(next);
            _room.Release(batch.Count);
            Commit(batch);
            batch.Clear();
        }
    }

    private void Commit(List<PendingChange> batch)
    {
        if (_failure is { } failure)
        {
            batch.ForEach(c => c.Fail(new ObjectException(ObjectError.Io, $"{c.What}: {failure.Message}", failure)));
            return;
        }

        try
        {
            var left = SyncDirectories(RefuseWithoutSpace(batch));
            // A change that spoils a transaction is answered, and the others are decided anew: at most once each.
            for (var makesRoom = RoomAttemptsMax; left.Count > 0 && !TryCommit(left, ref makesRoom);)
                left = [.. left.Where(c => !c.IsAnswered)];
        }
        catch (Exception ex)
        {
            // Nothing of the batch may be called durable, nor called undone.
            _failure ??= new ObjectException(ObjectError.Io, $"the store has failed and must be opened again: {ex.Message}", ex);
            batch.ForEach(c => c.Fail(_failure));
        }
    }

    private List<PendingChange> RefuseWithoutSpace(List<PendingChange> batch)
    {
        if (!batch.Exists(c => c.NeedsSpace))
            return batch;
        if (_ballast.HasSpace())
        {
            _ballast.Restore();
            return batch;
        }

        foreach (var change in batch.Where(c => c.NeedsSpace))
            change.Fail(_ballast.Refusal(change.What));
        return [.. batch.Where(c => !c.IsAnswered)];
    }

    /// <summary>Makes the names of data files durable, before any row refers to them. One directory's failure is its files' alone.</summary>
    private List<PendingChange> SyncDirectories(List<PendingChange> batch)
    {
        foreach (var directory in batch.Where(c => c.File != 0).GroupBy(c => DataNames.DirectoryOf(c.File)))
        {
            try
            {
                _disk.SyncDirectory(directory.Key);
            }
            catch (IOException ex)
            {
                foreach (var change in directory)
                    change.Fail(DiskErrors.Translate(ex, change.What));
            }
        }

        return [.. batch.Where(c => !c.IsAnswered)];
    }

    /// <summary>False when the transaction was undone and should be tried with what is not answered yet.</summary>
    private bool TryCommit(List<PendingChange> batch, ref int makesRoom)
    {
        var scope = new WriteScope(_db, _ids, DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds()));
        try
        {
            _db.Execute("BEGIN IMMEDIATE");
            foreach (var change in batch)
            {
                var before = _db.TotalChanges;
                change.Apply(scope);
                if (change.Failure is null || (change.Failure is ObjectException && _db.TotalChanges == before))
                    continue;
                if (change.Failure is SqliteException sqlite)
                    throw sqlite;
                _db.RollBack();
                change.Answer();
                return false;
            }

            scope.Flush();
        }
        catch (SqliteException ex)
        {
            _db.RollBack();
            return GiveUp(batch, ex, ref makesRoom);
        }

        return Finish(batch, scope, ref makesRoom);
    }

    private bool Finish(List<PendingChange> batch, WriteScope scope, ref int makesRoom)
    {
        try
        {
            _db.Execute("COMMIT");
        }
        catch (SqliteException ex) when (ex.IsDiskFull)
        {
            _db.RollBack();
            return GiveUp(batch, ex, ref makesRoom);
        }

        scope.Committed();
        // Without ballast the log must not take the last room: the database may need a page more before the log can end.
        if (_ballast.IsReleased)
            TruncateLog();
        // Only now is the data of what was deleted free.
        _reaper.Delete(scope.FreedFiles);
        batch.ForEach(c => c.Answer());
        return true;
    }

    /// <summary>Answers a transaction that failed and was undone. False to try again what frees space.</summary>
    private bool GiveUp(List<PendingChange> batch, SqliteException failure, ref int makesRoom)
    {
        var canRetry = failure.IsDiskFull && makesRoom-- > 0;
        if (canRetry)
        {
            _ballast.Release();
            TruncateLog();
        }

        foreach (var change in batch.Where(c => c.NeedsSpace || !canRetry))
            change.Fail(DiskErrors.Translate(failure, change.What));
        return !canRetry;
    }

    /// <summary>Brings the write-ahead log into the database and gives its room back, if the disk and the readers let it.</summary>
    private void TruncateLog()
    {
        try
        {
            _db.Query("PRAGMA wal_checkpoint(TRUNCATE)", static _ => true);
        }
        catch (SqliteException ex) when (ex.IsDiskFull)
        {
            // Then there is no room to be had, which the next commit says to those that it concerns.
        }
    }
}

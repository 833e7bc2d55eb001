using Skep.Blocks.Chunks;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Simulation;

/// <summary>One history of a chunk store: processes that come and die, each with one job after the other.</summary>
internal sealed class ChunkStoreHistory
{
    private const int BlocksMax = 3;
    private const int ContentsMax = 6;
    private const int SnapshotsMax = 8;
    private const int AgentsMax = 3;
    private static readonly TimeSpan _grace = TimeSpan.FromHours(1);

    private readonly SimulatedScheduler _scheduler;
    private readonly SimulationRandom _random;
    private readonly SimulatedObjectStore _store;
    private readonly SimulationSeams _seams;
    private readonly List<ExpectedSnapshot> _snapshots = [];
    private readonly bool _isEncrypted;
    private readonly bool _isStormy;
    private int _operationsLeft;
    private int _snapshotCount;

    public ChunkStoreHistory(SimulatedScheduler scheduler, SimulationRandom random, int operationCount, SimulationSeams seams)
    {
        (_scheduler, _random, _operationsLeft, _seams) = (scheduler, random, operationCount, seams);
        _store = new SimulatedObjectStore(scheduler, random.Fork());
        (_isEncrypted, _isStormy) = (random.Chance(300), random.Chance(500));
    }

    public async Task PlayAsync()
    {
        var faults = _store.Faults;
        faults.DuplicatePerMille = _random.Pick<int>([0, 50]);
        faults.StaleListPerMille = _random.Pick<int>([0, 300]);
        if (_isStormy)
            (faults.RefusedPerMille, faults.LostPerMille, faults.LostAnswerPerMille) = (30, 20, 40);
        await Task.WhenAll(Enumerable.Range(0, _random.Between(1, AgentsMax)).Select(PlayAgentAsync));
        (faults.RefusedPerMille, faults.LostPerMille, faults.LostAnswerPerMille, faults.DuplicatePerMille) = (0, 0, 0, 0);
        await Task.Delay(faults.StaleMax + faults.Timeout, _scheduler.Observer.Time);
        await _scheduler.StartProcess("last", TimeSpan.Zero).RunAsync(FinishAsync);
    }

    // A process at a time in each place; it is killed in the middle of something or ends.
    private async Task PlayAgentAsync(int place)
    {
        for (var life = 1; _operationsLeft > 0; life++)
        {
            var process = _scheduler.StartProcess($"agent{place}/{life}", _random.Time(TimeSpan.FromMinutes(2)) - TimeSpan.FromMinutes(1));
            if (_random.Chance(700))
                _scheduler.After(_random.Time(TimeSpan.FromMinutes(_random.Pick<int>([1, 10, 200]))), process.Kill);
            var busy = new List<ExpectedSnapshot>();
            try
            {
                await process.RunAsync(() => WorkAsync(process, busy));
            }
            catch (ProcessKilledException)
            {
                // What it was at is taken up by another one.
            }
            foreach (var snapshot in busy)
                snapshot.IsBusy = false;
        }
    }

    private async Task WorkAsync(SimulatedProcess process, List<ExpectedSnapshot> busy)
    {
        ChunkStore? chunks = null;
        while (_operationsLeft-- > 0)
        {
            ExpectedSnapshot? snapshot = null;
            try
            {
                chunks ??= await OpenAsync(process);
                snapshot = Choose();
                if (snapshot is not null)
                {
                    snapshot.IsBusy = true;
                    busy.Add(snapshot);
                }
                await DoAsync(process, chunks, snapshot);
            }
            catch (ObjectStoreException ex) when (_isStormy && ex.Error == ObjectStoreError.Unavailable)
            {
                _scheduler.Trace.Say($"{process.Name}: {ex.Message}");
            }
            if (snapshot is not null)
            {
                snapshot.IsBusy = false;
                busy.Remove(snapshot);
            }
            await Task.Delay(_random.Time(_random.Chance(200) ? _grace : TimeSpan.FromMinutes(1)), process.Time);
        }
    }

    // A snapshot that nobody works on, or null for a job that needs none.
    private ExpectedSnapshot? Choose()
    {
        var idle = _snapshots.FindAll(snapshot => !snapshot.IsBusy);
        return idle.Count == 0 || _random.Chance(300) ? null : _random.Pick(idle);
    }

    private Task DoAsync(SimulatedProcess process, ChunkStore chunks, ExpectedSnapshot? snapshot) => snapshot switch
    {
        null when _random.Chance(300) => CollectAsync(process, chunks),
        null => MakeAsync(process, chunks),
        { State: SnapshotState.Making } => ResumeAsync(process, chunks, snapshot),
        { State: SnapshotState.Deleting } => DeleteAsync(process, chunks, snapshot),
        _ when _random.Chance(300) => DeleteAsync(process, chunks, snapshot),
        _ => ReadAsync(process, chunks, snapshot),
    };

    private Task<ChunkStore> OpenAsync(SimulatedProcess process) => ChunkStore.OpenAsync(
        _seams.Store(_store.For(process)),
        new ChunkStoreOptions { PackBytes = 2 * ChunkStore.BlockBytes, Grace = _grace, RequestsMax = 3 },
        new ChunkStoreServices { Time = process.Time, FillRandom = _random.Fork().Fill, Keys = new SimulatedKeys() },
        default);

    private async Task CollectAsync(SimulatedProcess process, ChunkStore chunks)
    {
        var report = await chunks.CollectGarbageAsync(default);
        _scheduler.Trace.Say($"{process.Name}: {report}");
        if (report.DamagedPacks.Count > 0)
            throw new SimulationException(SimulationFailure.WrongData, $"packs are damaged: {string.Join(", ", report.DamagedPacks)}");
    }

    private async Task MakeAsync(SimulatedProcess process, ChunkStore chunks)
    {
        if (_snapshots.Count >= SnapshotsMax)
            return;
        var parents = _snapshots.FindAll(snapshot => snapshot.State == SnapshotState.Complete);
        var parent = parents.Count > 0 && _random.Chance(500) ? _random.Pick(parents) : null;
        var size = parent?.SizeBytes ?? (_random.Between(1, BlocksMax * 1024) * 512L);
        var count = (int)((size + ChunkStore.BlockBytes - 1) / ChunkStore.BlockBytes);
        var blocks = parent?.Blocks.ToArray() ?? new int[count];
        for (var i = 0; i < count; i++)
        {
            if (parent is null || _random.Chance(400))
                blocks[i] = _random.Below(ContentsMax);
        }
        var snapshot = new ExpectedSnapshot($"s{++_snapshotCount}", size, blocks) { IsBusy = true };
        _snapshots.Add(snapshot);
        _scheduler.Trace.Say($"{process.Name}: make {snapshot.Id} of {string.Join(" ", blocks)} from {parent?.Id}");
        try
        {
            await using var writer = await chunks.BeginAsync(
                new SnapshotRequest { SnapshotId = snapshot.Id, SizeBytes = size, ParentId = parent?.Id, IsEncrypted = _isEncrypted }, default);
            await PutAsync(writer, snapshot);
        }
        catch (ChunkStoreException ex) when (ex.Error is ChunkStoreError.NotFound && parent is { State: SnapshotState.Deleting })
        {
            // The parent was deleted first.
            snapshot.State = SnapshotState.Deleting;
        }
        finally
        {
            snapshot.IsBusy = false;
        }
    }

    private async Task PutAsync(SnapshotWriter writer, ExpectedSnapshot snapshot)
    {
        var buffer = new byte[ChunkStore.BlockBytes];
        for (var block = 0; block < snapshot.Blocks.Count; block++)
        {
            var data = buffer.AsMemory(0, snapshot.LengthOf(block));
            ExpectedSnapshot.Fill(data.Span, snapshot.Blocks[block]);
            await writer.PutBlockAsync(block, data, default);
            // The buffer is the caller's again.
            data.Span.Fill(0xEE);
            if (_random.Chance(200))
                await writer.FlushAsync(default);
        }
        await writer.CompleteAsync(default);
        _scheduler.Trace.Say($"{snapshot.Id} is complete");
        if (snapshot.State == SnapshotState.Making)
            snapshot.State = SnapshotState.Complete;
    }

    // Cut short: complete, gone, or to go on with.
    private async Task ResumeAsync(SimulatedProcess process, ChunkStore chunks, ExpectedSnapshot snapshot)
    {
        _scheduler.Trace.Say($"{process.Name}: resume {snapshot.Id}");
        SnapshotWriter? writer;
        try
        {
            writer = await chunks.ResumeAsync(snapshot.Id, default);
        }
        catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.Expired)
        {
            snapshot.State = SnapshotState.Deleting;
            return;
        }
        if (writer is not null)
        {
            await using (writer)
            {
                if (_random.Chance(300))
                {
                    snapshot.State = SnapshotState.Deleting;
                    await writer.AbortAsync(default);
                    _snapshots.Remove(snapshot);
                    return;
                }
                try
                {
                    await PutAsync(writer, snapshot);
                    return;
                }
                catch (ChunkStoreException ex) when (ex.Error == ChunkStoreError.Expired)
                {
                    snapshot.State = SnapshotState.Deleting;
                    return;
                }
            }
        }
        snapshot.State = await chunks.FindAsync(snapshot.Id, default) is null ? SnapshotState.Deleting : SnapshotState.Complete;
    }

    private async Task DeleteAsync(SimulatedProcess process, ChunkStore chunks, ExpectedSnapshot snapshot)
    {
        _scheduler.Trace.Say($"{process.Name}: delete {snapshot.Id}");
        snapshot.State = SnapshotState.Deleting;
        await chunks.DeleteAsync(snapshot.Id, default);
        _snapshots.Remove(snapshot);
    }

    private async Task ReadAsync(SimulatedProcess process, ChunkStore chunks, ExpectedSnapshot snapshot)
    {
        _scheduler.Trace.Say($"{process.Name}: read {snapshot.Id}");
        try
        {
            await using var reader = await chunks.OpenAsync(snapshot.Id, default);
            if (reader.SizeBytes != snapshot.SizeBytes)
                throw new SimulationException(SimulationFailure.WrongData, $"{snapshot.Id} has {reader.SizeBytes} bytes, expected {snapshot.SizeBytes}");
            var (found, expected) = (new byte[ChunkStore.BlockBytes], new byte[ChunkStore.BlockBytes]);
            for (var block = 0; block < snapshot.Blocks.Count; block++)
            {
                var length = snapshot.LengthOf(block);
                await reader.ReadAsync(block * (long)ChunkStore.BlockBytes, found.AsMemory(0, length), default);
                ExpectedSnapshot.Fill(expected.AsSpan(0, length), snapshot.Blocks[block]);
                if (!found.AsSpan(0, length).SequenceEqual(expected.AsSpan(0, length)))
                    throw new SimulationException(SimulationFailure.WrongData, $"block {block} of {snapshot.Id} is not content {snapshot.Blocks[block]}");
            }
        }
        catch (BlockDeviceException ex) when (_isStormy && HasInner<ObjectStoreException>(ex, inner => inner.Error == ObjectStoreError.Unavailable))
        {
            _scheduler.Trace.Say($"{process.Name}: {ex.Message}");
        }
    }

    private static bool HasInner<T>(Exception exception, Predicate<T> matches)
        where T : Exception
    {
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is T found && matches(found))
                return true;
        }
        return false;
    }

    // Fair weather: everything that is complete reads as it was put; then nothing is wanted and nothing may stay.
    private async Task FinishAsync()
    {
        // As long as an abandoned snapshot may still be resumed, and the grace of what it held.
        const int CollectionsMax = 20;
        var process = (SimulatedProcess)SynchronizationContext.Current!;
        var chunks = await OpenAsync(process);
        foreach (var snapshot in _snapshots.ToList())
        {
            if (snapshot.State == SnapshotState.Making)
                await ResumeAsync(process, chunks, snapshot);
            if (snapshot.State == SnapshotState.Complete)
                await ReadAsync(process, chunks, snapshot);
        }
        foreach (var snapshot in _snapshots.ToList())
            await DeleteAsync(process, chunks, snapshot);
        for (var i = 0; i < CollectionsMax; i++)
        {
            await Task.Delay(_grace * 2, process.Time);
            await CollectAsync(process, chunks);
        }
        var left = _store.Objects.Keys
            .Where(key => key.StartsWith(ObjectNames.Packs, StringComparison.Ordinal) || key.StartsWith(ObjectNames.Condemned, StringComparison.Ordinal)
                || key.StartsWith(ObjectNames.Pending, StringComparison.Ordinal))
            .ToList();
        if (left.Count > 0)
            throw new SimulationException(SimulationFailure.Garbage, $"nothing is wanted and {left.Count} objects are left: {string.Join(", ", left.Take(10))}");
    }
}

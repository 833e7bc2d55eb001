using Microsoft.Extensions.Logging;
using Skep.Blocks.Chunks;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Pools;

namespace Skep.Storage.Snapshots;

/// <summary>
/// What a node does for the snapshots whose store it holds: takes them, completes them, deletes them. The copying goes on
/// beside the reconciler, so that a deletion is seen while it runs and cancels it. A daemon that is killed in the middle
/// finds the capture again at its next start: its moment is kept by the machine that was running.
/// </summary>
internal sealed partial class SnapshotAgent(
    ResourceClient client, SnapshotStores stores, IMachineDisks machines, LogVolumeKeeper logs, PoolPlaces places, VolumeKeys keys, CommandRunner runner, SkepOptions options, ILogger<SnapshotAgent> logger)
    : IReconciler, IAsyncDisposable
{
    /// <summary>How often it is looked whether a volume has stopped to need a snapshot that is to be deleted.</summary>
    private static readonly TimeSpan _pinPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _retryPause = TimeSpan.FromSeconds(10);

    private readonly PatientDisks _machines = new(machines, client.Time);
    private readonly BackgroundJobs _jobs = new();
    private readonly Dictionary<ResourceKey, Task> _starts = [];
    private readonly Lock _beginning = new();
    private readonly VolumeTurns _turns = new();
    private Action<ResourceKey> _enqueue = static _ => { };

    /// <inheritdoc/>
    public string Name => "snapshot-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [StorageKinds.Snapshot.GroupResource, StorageKinds.Volume.GroupResource];

    /// <inheritdoc/>
    public int Concurrency => 4;

    /// <inheritdoc/>
    public void Start(Action<ResourceKey> enqueue) => _enqueue = enqueue;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == StorageKinds.Snapshot.GroupResource)
            return [changed.Key, .. (changed.View(StorageKinds.Snapshot).Spec.TakenWith ?? []).Select(name => StorageKinds.Snapshot.Key(changed.Key.Namespace, name))];
        // Volumes hold on to the snapshot that they still come from, and snapshots wait for their volume to exist.
        var volume = changed.View(StorageKinds.Volume);
        return view.List(StorageKinds.Snapshot, changed.Key.Namespace)
            .Where(s => (s.Spec.VolumeId == changed.Key.Name && s.Status?.State is null or SnapshotState.Pending)
                || (s.Metadata.DeletionTimestamp is not null && volume.Spec.SnapshotId == s.Metadata.Name))
            .Select(s => StorageKinds.Snapshot.Key(changed.Key.Namespace, s.Metadata.Name));
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var before = client.View.Get(key)?.View(StorageKinds.Snapshot);
        await _jobs.SettleAsync(key, uid => before is { Metadata.DeletionTimestamp: null } && before.Metadata.Uid == uid
            && before.Status?.State != SnapshotState.Error); // which another one of its set may have written
        // What the work that has just ended wrote is seen: it is not begun again.
        var snapshot = client.View.Get(key)?.View(StorageKinds.Snapshot);
        if (snapshot is null || (snapshot.Spec.NodeName ?? NodeOf(key, snapshot)) != options.NodeName)
            return null;
        if (snapshot.Metadata.DeletionTimestamp is not null)
            return await DeleteAsync(key, snapshot, ct);
        if (snapshot.Status?.State is SnapshotState.Completed or SnapshotState.Error)
            return null;
        if (await EnsureHeldAsync(key, snapshot, ct))
            return null; // the change brings us back
        if (options.IsSimulated && snapshot.Spec.Source != SnapshotSource.Direct)
            await CompleteSimulatedAsync(key, ct);
        else if (SnapshotSet.Has(snapshot) && snapshot.Status?.CapturedTime is null)
            return await BeginSetAsync(key, ct);
        else if (snapshot.Spec.Source != SnapshotSource.Direct || snapshot.Spec.Sealed)
            Begin([snapshot], key.Namespace, set: null);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _jobs.DisposeAsync();
        Task[] starts;
        lock (_beginning)
            starts = [.. _starts.Values];
        await Task.WhenAll(starts);
    }

    /// <summary>The node of a snapshot that was written without one, as people do with kubectl: its volume's.</summary>
    private string? NodeOf(ResourceKey key, Snapshot snapshot) => snapshot.Spec.VolumeId is { } volumeId
        ? client.View.Get(StorageKinds.Volume, key.Namespace, volumeId)?.Spec.NodeName
        : options.NodeName;

    /// <summary>Begins the work on several snapshots whose moment is one, or on one; false when any of them is being worked on.</summary>
    private bool Begin(IReadOnlyList<Snapshot> snapshots, string ns, SnapshotSetStart? set)
    {
        lock (_beginning)
        {
            var members = snapshots.Select(s => StorageKinds.Snapshot.Key(ns, s.Metadata.Name)).ToList();
            if (members.Exists(_jobs.Has))
                return false;
            foreach (var (key, snapshot) in members.Zip(snapshots))
                _jobs.Begin(key, snapshot.Metadata.Uid!, cancel => RunAsync(key, snapshot, set, cancel));
            return true;
        }
    }

    /// <summary>Begins all snapshots of a set, by whichever of them comes first; returns when to look again for those that are missing.</summary>
    private async Task<TimeSpan?> BeginSetAsync(ResourceKey key, CancellationToken ct)
    {
        // All of one view: another reconciliation may be just beginning the set, and the moment is written into all at once.
        var view = client.View;
        if (_jobs.Has(key) || view.Get(key)?.View(StorageKinds.Snapshot) is not { Status: { State: SnapshotState.Pending, CapturedTime: null } } snapshot)
            return null;
        var set = SnapshotSet.Find(view, key, snapshot, client.Time.GetUtcNow());
        if (set.Failure is { } failure)
        {
            await WorkOn(key).FailAsync(snapshot, failure, ct);
            return null;
        }

        if (set.Waiting is not null)
            return SnapshotSet.Patience;
        var start = new SnapshotSetStart(client, _machines, _turns, set.Members, WorkOn);
        if (!Begin(set.Members, key.Namespace, start))
            return _retryPause; // another one is still at the end of an attempt that failed

        lock (_beginning)
            _starts[key] = RunStartAsync(key, start);
        return null;
    }

    private async Task RunStartAsync(ResourceKey key, SnapshotSetStart start)
    {
        await Task.Yield();
        await start.RunAsync(_jobs.Stopping);
        lock (_beginning)
            _starts.Remove(key);
    }

    private SnapshotWork WorkOn(ResourceKey key) => new(client, stores, _machines, new OfflineDisk(options, runner, client.Time), logs, places, keys, _turns, key);

    private async Task RunAsync(ResourceKey key, Snapshot snapshot, SnapshotSetStart? set, CancellationToken ct)
    {
        try
        {
            var note = await WorkOn(key).RunAsync(snapshot, set, ct);
            LogTaken(key, note);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            LogCancelled(key);
        }
        catch (Exception ex)
        {
            // Nobody could write the outcome down: the next look at the snapshot begins again.
            LogFailed(ex, key);
            await Task.WhenAny(Task.Delay(_retryPause, client.Time, ct));
        }
        finally
        {
            _enqueue(key);
        }
    }

    private async Task<TimeSpan?> DeleteAsync(ResourceKey key, Snapshot snapshot, CancellationToken ct)
    {
        if (snapshot.Metadata.Finalizers?.Contains(Snapshot.Finalizer) is not true)
            return null;
        if (client.View.List(StorageKinds.Volume, ns: null).Any(v => v.Status?.HydratingFrom == key.Name || (v.Spec.SnapshotId == key.Name && v.Status?.Path is null && v.Status?.State is null or VolumeState.Creating)))
            return _pinPause;
        if (snapshot.Spec is { Source: SnapshotSource.Volume, VolumeId: not null } && snapshot.Status?.State is not SnapshotState.Completed && !options.IsSimulated)
            await WorkOn(key).ForgetCaptureAsync(snapshot, ct);
        else if (snapshot.Spec is { Source: SnapshotSource.Volume, VolumeId: not null } && !options.IsSimulated)
            await WorkOn(key).ForgetBaseAsync(snapshot, ct);
        await stores.CloseWriterAsync(key.Name);
        await (await stores.OpenAsync(ct)).DeleteAsync(key.Name, ct);
        await client.ModifyAsync(StorageKinds.Snapshot, key, s => s.Metadata.Finalizers?.Remove(Snapshot.Finalizer) is true, ct);
        return null;
    }

    /// <summary>Before anything is stored the finalizer must be there: otherwise a deletion in between would leave it.</summary>
    private async Task<bool> EnsureHeldAsync(ResourceKey key, Snapshot snapshot, CancellationToken ct)
    {
        if (snapshot.Metadata.Finalizers?.Contains(Snapshot.Finalizer) is true && snapshot.Spec.NodeName is not null && snapshot.Status is not null)
            return false;
        await client.ModifyAsync(StorageKinds.Snapshot, key, s =>
        {
            s.Spec.NodeName = options.NodeName;
            s.Status ??= new SnapshotStatus();
            s.Status.StartTime ??= client.Time.GetUtcNow();
            s.Metadata.Finalizers ??= [];
            if (!s.Metadata.Finalizers.Contains(Snapshot.Finalizer))
                s.Metadata.Finalizers.Add(Snapshot.Finalizer);
            return true;
        }, ct);
        return true;
    }

    private Task CompleteSimulatedAsync(ResourceKey key, CancellationToken ct) => client.ModifyAsync(StorageKinds.Snapshot, key, s =>
    {
        var now = client.Time.GetUtcNow();
        s.Status!.State = SnapshotState.Completed;
        s.Status.Progress = 100;
        s.Status.CapturedTime = now;
        s.Status.CompletionTime = now;
        s.Status.StoredBytes = 0;
        s.Status.ChangedBytes = 0;
        s.Status.DataBytes = 0;
        return true;
    }, ct);

    [LoggerMessage(EventId = 1410, Level = LogLevel.Information, Message = "snapshot {Key}: {Outcome}")]
    private partial void LogTaken(ResourceKey key, string outcome);

    [LoggerMessage(EventId = 1411, Level = LogLevel.Information, Message = "the work on snapshot {Key} was cancelled")]
    private partial void LogCancelled(ResourceKey key);

    [LoggerMessage(EventId = 1412, Level = LogLevel.Error, Message = "snapshot {Key} could not be finished")]
    private partial void LogFailed(Exception exception, ResourceKey key);
}

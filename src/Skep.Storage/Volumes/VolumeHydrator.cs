using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Machines;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.Snapshots;

namespace Skep.Storage.Volumes;

/// <summary>
/// Brings the content of volumes that were made from snapshots into their own files, behind whoever uses them already: by
/// the machine that has the disk open, or here while nobody has. What was brought stays when it is interrupted.
/// </summary>
internal sealed partial class VolumeHydrator(
    ResourceClient client, IMachineDisks machines, SnapshotServer server, VolumeKeys keys, CommandRunner runner, SkepOptions options, ILogger<VolumeHydrator> logger)
    : IReconciler, IAsyncDisposable
{
    private const string Hold = "hydration";
    private static readonly TimeSpan _followPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _retryPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _copyTimeout = TimeSpan.FromHours(24);

    private readonly BackgroundJobs _jobs = new();
    private Action<ResourceKey> _enqueue = static _ => { };

    /// <inheritdoc/>
    public string Name => "volume-hydrator";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [StorageKinds.Volume.GroupResource];

    /// <inheritdoc/>
    public void Start(Action<ResourceKey> enqueue) => _enqueue = enqueue;

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view) => [changed.Key];

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        var volume = client.View.Get(key)?.View(StorageKinds.Volume);
        var isWanted = volume is { Metadata.DeletionTimestamp: null, Status: { HydratingFrom: not null, Path: not null } } && volume.Spec.NodeName == options.NodeName;
        var instanceId = isWanted ? volume!.Spec.Attachment?.InstanceId : null;
        await _jobs.SettleAsync(key, _ => isWanted && instanceId is null);
        if (!isWanted)
            return null;
        if (volume!.Status!.Hold == Hold && !_jobs.Has(key))
            await SetAsync(key, s => s.Hold = null, ct); // of a daemon that is gone
        if (!string.IsNullOrEmpty(instanceId))
            return await FollowAsync(key, new ResourceKey(InstanceView.Resource, key.Namespace, instanceId), ct);
        if (volume.Status.Hold is not null && volume.Status.Hold != Hold)
            return _followPause; // a snapshot is being taken of it
        if (!_jobs.Has(key))
            _jobs.Begin(key, volume.Metadata.Uid!, cancel => CopyAsync(key, volume.Status, cancel));
        return null;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _jobs.DisposeAsync();

    private async Task<TimeSpan?> FollowAsync(ResourceKey key, ResourceKey instance, CancellationToken ct)
    {
        try
        {
            if (await machines.HydrateAsync(instance, key.Name, ct) is not { } progress)
                return _retryPause; // it does not run now
            if (!progress.IsComplete)
            {
                await SetAsync(key, s => s.HydrationProgress = (int)(progress.DoneBytes * 100 / Math.Max(progress.AllBytes, 1)), ct);
                return _followPause;
            }

            await CompleteAsync(key, ct);
            return null;
        }
        catch (MachineDiskException ex)
        {
            LogFailed(key, ex.Message);
            return _retryPause;
        }
    }

    /// <summary>Copies while no machine has the file; whoever attaches the volume cancels it.</summary>
    private async Task CopyAsync(ResourceKey key, VolumeStatus status, CancellationToken ct)
    {
        try
        {
            await server.EnsureStartedAsync(ct);
            await SetAsync(key, s => s.Hold = Hold, ct);
            try
            {
                var disk = new DiskFileAddress(status.Path!, "qcow2", keys.Open(key.Name, status.Key));
                await new OfflineDisk(options, runner, client.Time).RunToolAsync(disk, _copyTimeout, address => ["rebase", "-b", "", .. address], ct);
                await CompleteAsync(key, ct);
            }
            finally
            {
                await SetAsync(key, s => s.Hold = s.Hold == Hold ? null : s.Hold, CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Somebody wants the volume, or the daemon ends: what was copied stays, and the rest comes from the snapshot.
        }
        catch (Exception ex)
        {
            LogFailed(key, ex.Message);
            await Task.WhenAny(Task.Delay(_retryPause, client.Time, ct));
            _enqueue(key);
        }
    }

    private async Task CompleteAsync(ResourceKey key, CancellationToken ct)
    {
        await SetAsync(key, s => (s.HydratingFrom, s.HydrationProgress) = (null, null), ct);
        LogComplete(key);
    }

    private Task SetAsync(ResourceKey key, Action<VolumeStatus> change, CancellationToken ct) =>
        client.ModifyAsync(StorageKinds.Volume, key, v =>
        {
            if (v.Status is not { } status)
                return false;
            var before = (status.Hold, status.HydratingFrom, status.HydrationProgress);
            change(status);
            return before != (status.Hold, status.HydratingFrom, status.HydrationProgress);
        }, ct);

    [LoggerMessage(EventId = 1440, Level = LogLevel.Information, Message = "volume {Key} has all of its content in its own file")]
    private partial void LogComplete(ResourceKey key);

    [LoggerMessage(EventId = 1441, Level = LogLevel.Warning, Message = "the content of volume {Key} cannot be brought into its file now: {Why}")]
    private partial void LogFailed(ResourceKey key, string why);
}

using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Skep.Blocks.Stores;
using Skep.Core.Hosting;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.S3Client;
using Skep.Core.Store;
using Skep.Storage.Kinds;
using Skep.Storage.Stores;

namespace Skep.Storage.Pools;

/// <summary>
/// Says how the pools are: whether the directory is there and what it has left, and, for an object store, whether it
/// honours what the engine relies on. Looks again from time to time.
/// </summary>
internal sealed partial class PoolAgent(ResourceClient client, PoolPlaces places, SkepOptions options, ILogger<PoolAgent> logger) : IReconciler
{
    private const string Ready = "ready";
    private const string Failed = "error";

    /// <summary>A change of free space that is worth a new version of the resource.</summary>
    private const long FreeBytesStep = 1L << 30;

    private static readonly TimeSpan _retryPause = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public string Name => "pool-agent";

    /// <inheritdoc/>
    public IReadOnlyList<GroupResource> Watches { get; } = [StorageKinds.StoragePool.GroupResource, StorageKinds.Volume.GroupResource];

    /// <inheritdoc/>
    public IEnumerable<ResourceKey> Concerned(Resource changed, View view)
    {
        if (changed.Key.GroupResource == StorageKinds.StoragePool.GroupResource)
            return [changed.Key];

        // The end of a volume may be what the end of its pool waits for.
        return changed.View(StorageKinds.Volume) is { Spec.PoolName: { } pool, Metadata.DeletionTimestamp: not null } ? [StorageKinds.StoragePool.Key("", pool)] : [];
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ReconcileAsync(ResourceKey key, CancellationToken ct)
    {
        if (client.View.Get(key)?.View(StorageKinds.StoragePool) is not { } pool)
            return null;
        if (pool.Metadata.DeletionTimestamp is not null)
        {
            if (!client.View.List(StorageKinds.Volume, ns: null).Any(v => v.Spec.PoolName == key.Name))
                await client.ModifyAsync(StorageKinds.StoragePool, key, p => p.Metadata.Finalizers?.Remove(StoragePool.Finalizer) is true, ct);
            return null;
        }

        if (pool.Metadata.Finalizers?.Contains(StoragePool.Finalizer) is not true)
        {
            await client.ModifyAsync(StorageKinds.StoragePool, key, p =>
            {
                (p.Metadata.Finalizers ??= []).Add(StoragePool.Finalizer);
                return true;
            }, ct);
            return null; // the change brings us back
        }

        var status = options.IsSimulated ? new StoragePoolStatus { State = Ready } : await LookAsync(pool, ct);
        await client.ModifyAsync(StorageKinds.StoragePool, key, p =>
        {
            if (p.Status is { } old && old.State == status.State && old.Message == status.Message && old.TotalBytes == status.TotalBytes
                && Math.Abs((old.FreeBytes ?? 0) - (status.FreeBytes ?? 0)) < FreeBytesStep)
                return false;
            if (status.Message is { } message && p.Status?.Message != message)
                LogFailed(key.Name, message);
            p.Status = status;
            return true;
        }, ct);
        return status.State == Ready ? null : _retryPause;
    }

    private async Task<StoragePoolStatus> LookAsync(StoragePool pool, CancellationToken ct)
    {
        try
        {
            var directory = places.DirectoryOf(pool);
            Directory.CreateDirectory(directory);
            var drive = new DriveInfo(directory);
            var problem = pool.Status?.State == Ready ? null : await ProbeAsync(pool, ct);
            return new StoragePoolStatus
            {
                State = problem is null ? Ready : Failed,
                Message = problem,
                TotalBytes = drive.TotalSize,
                FreeBytes = drive.AvailableFreeSpace,
                FileSystem = drive.DriveFormat,
            };
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or ObjectStoreException)
        {
            return new StoragePoolStatus { State = Failed, Message = ex.Message };
        }
    }

    /// <summary>Tries an S3 before anything is trusted to it; a directory is known to be good.</summary>
    private async Task<string?> ProbeAsync(StoragePool pool, CancellationToken ct)
    {
        if (pool.Spec.Store is not { } url || !url.StartsWith(S3Location.Scheme, StringComparison.Ordinal))
            return null;
        var problems = await ObjectStores.OpenS3(url, credentials: null, client.Time).ProbeAsync(new Random(RandomNumberGenerator.GetInt32(int.MaxValue)), ct);
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    [LoggerMessage(EventId = 1470, Level = LogLevel.Warning, Message = "storage pool {Name} cannot be used: {Why}")]
    private partial void LogFailed(string name, string why);
}

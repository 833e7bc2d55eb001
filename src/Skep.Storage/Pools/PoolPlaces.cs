using Skep.Core.Hosting;
using Skep.Core.Store;
using Skep.Storage.Keys;
using Skep.Storage.Kinds;
using Skep.Storage.LogVolumes;
using Skep.Storage.Volumes;

namespace Skep.Storage.Pools;

/// <summary>Finds where on this node a pool and its volumes are.</summary>
internal sealed class PoolPlaces(SkepOptions options)
{
    private const int GiBShift = 30;

    /// <summary>The pool of a volume; null for the default one, which needs no resource to be known.</summary>
    /// <exception cref="VolumeException">It does not exist.</exception>
    public static StoragePool? PoolOf(Volume volume, View view)
    {
        if (volume.Spec.PoolName is not { Length: > 0 } name || name == StoragePool.DefaultName)
            return null;
        return view.Get(StorageKinds.StoragePool, "", name)
            ?? throw new VolumeException($"storage pool \"{name}\" does not exist; `kubectl get storagepools` lists those that do") { IsTransient = true };
    }

    /// <summary>The pool that volumes which name none are made in; null for the one that needs no resource to be known.</summary>
    public static string? DefaultOf(View view) => view.Get(StorageKinds.StoragePool, "", StoragePool.DefaultName)?.Spec.DefaultPool;

    /// <summary>The pool's directory on this node.</summary>
    public string DirectoryOf(StoragePool pool) => pool.Spec.Path
        ?? (pool.Spec.Class == StoragePoolClass.Log ? options.PathOf(LogVolumePlace.DefaultFolder, pool.Metadata.Name) : options.PathOf("volumes"));

    /// <summary>Where a log-structured volume is.</summary>
    public LogVolumePlace PlaceOf(StoragePool pool, Volume volume)
    {
        var place = new LogVolumePlace
        {
            StoreUrl = pool.Spec.Store!,
            Name = volume.Metadata.Name,
            Directory = Path.Combine(DirectoryOf(pool), volume.Metadata.Name),
            KeyRingPath = volume.Spec.Encrypted ? options.PathOf(KeyRingFile.FileName) : null,
        };
        return place with
        {
            LogBytes = pool.Spec.LogGib is { } log ? log << GiBShift : place.LogBytes,
            CacheBytes = pool.Spec.CacheGib is { } cache ? cache << GiBShift : place.CacheBytes,
            StoreTimeout = pool.Spec.StoreTimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };
    }
}

namespace Skep.Storage.LogVolumes;

/// <summary>Where a log-structured volume is: its store, and what it needs on this machine.</summary>
public sealed record LogVolumePlace
{
    /// <summary>The folder of the data directory for pools that name no path.</summary>
    public const string DefaultFolder = "log-volumes";

    /// <summary>The object store's URL; see <see cref="Stores.ObjectStores"/>.</summary>
    public required string StoreUrl { get; init; }

    /// <summary>The volume's name in the store.</summary>
    public required string Name { get; init; }

    /// <summary>The directory of the write-ahead log and the read cache of this volume alone; on a disk that keeps its promises.</summary>
    public required string Directory { get; init; }

    /// <summary>The key ring's file; null when the volume is not encrypted.</summary>
    public string? KeyRingPath { get; init; }

    /// <summary>The most bytes that the log takes: what the guest can write while the store is away.</summary>
    public long LogBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of the read cache; 0 for none.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>How long a request waits for the store, or for room in the log because of it, before it fails; null for ever.</summary>
    public TimeSpan? StoreTimeout { get; init; }

    /// <summary>Who keeps a second copy of the log; null for nobody.</summary>
    public Blocks.Log.Replication.IReplicaConnector? Replica { get; init; }

    /// <summary>The write-ahead log's directory.</summary>
    public string LogDirectory => Path.Combine(Directory, "log");

    /// <summary>The read cache's directory.</summary>
    public string CacheDirectory => Path.Combine(Directory, "cache");
}

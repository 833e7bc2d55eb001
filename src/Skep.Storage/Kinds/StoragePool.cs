using System.ComponentModel;
using Skep.Core.Resources;

namespace Skep.Storage.Kinds;

/// <summary>A place for volumes: a directory of a node, or an object store.</summary>
public sealed class StoragePool : ResourceObject
{
    /// <summary>The pool of volumes that name none, made at the first start: the data directory's volumes folder.</summary>
    public const string DefaultName = "default";

    /// <summary>Held while volumes are in the pool.</summary>
    public const string Finalizer = "storage.skep.dev/pool";

    public StoragePoolSpec Spec { get; set; } = new();
    public StoragePoolStatus? Status { get; set; }
}

/// <summary>What a pool is.</summary>
public sealed class StoragePoolSpec : OpenObject
{
    [Description("local (files that QEMU opens itself, the fastest) or log (log-structured volumes in an object store, which survive their node).")]
    public string Class { get; set; } = StoragePoolClass.Local;

    [Description("Class local: the directory of the volumes' files. Class log: that of write-ahead logs and read caches. Absent for one in the data directory.")]
    public string? Path { get; set; }

    [Description("Class log: the object store's URL, file:///DIRECTORY or s3://BUCKET/PREFIX?endpoint=https://HOST&credentials=FILE.")]
    public string? Store { get; set; }

    [Description("Class log: the most GiB that a volume's write-ahead log takes, which is what can be written while the store is away. 1 if absent.")]
    public long? LogGib { get; set; }

    [Description("Class log: GiB of read cache for each volume. 1 if absent.")]
    public long? CacheGib { get; set; }

    [Description("Class log: seconds that a machine's request waits for an object store that does not answer before it fails. Absent: for as long as it takes, so that an outage stops a machine for a while instead of failing its disk.")]
    public long? StoreTimeoutSeconds { get; set; }

    [Description("Class log: compress what is stored.")]
    public bool Compress { get; set; }

    [Description("Of the pool \"default\" alone: the StoragePool that volumes which name none are made in, in its place. It counts when a volume is made, which keeps its pool.")]
    public string? DefaultPool { get; set; }
}

/// <summary>Values of <see cref="StoragePoolSpec.Class"/>.</summary>
public static class StoragePoolClass
{
    /// <summary>Files that QEMU opens itself.</summary>
    public const string Local = "local";

    /// <summary>Log-structured volumes in an object store.</summary>
    public const string Log = "log";
}

/// <summary>How a pool is.</summary>
public sealed class StoragePoolStatus : OpenObject
{
    [Description("ready or error.")]
    public string State { get; set; } = "";
    public string? Message { get; set; }

    [Description("Size of the file system that the path is on.")]
    public long? TotalBytes { get; set; }

    [Description("What it has left.")]
    public long? FreeBytes { get; set; }

    [Description("ext4, xfs, btrfs …")]
    public string? FileSystem { get; set; }
}

using Skep.Blocks.Files;
using Skep.Blocks.Keys;
using Skep.Blocks.Log.Replication;
using Skep.Blocks.Stores;

namespace Skep.Blocks.Log;

/// <summary>How a volume is opened. The defaults suit production; simulations make everything small.</summary>
public sealed record LogVolumeSettings
{
    public required IObjectStore Store { get; init; }

    /// <summary>The volume's name in the store: the prefix of its keys.</summary>
    public required string Name { get; init; }

    /// <summary>Where the write-ahead log lives; for this volume alone.</summary>
    public required IBlockDirectory LogDirectory { get; init; }

    /// <summary>Where the read cache lives; for this volume alone, or null for none. Its content is discarded when opened.</summary>
    public IBlockDirectory? CacheDirectory { get; init; }

    /// <summary>Needed when the volume is encrypted.</summary>
    public IKeyRing? Keys { get; init; }

    /// <summary>Needed while the volume has a base that was not hydrated. Not disposed of.</summary>
    public IBlockDevice? Base { get; init; }

    public required LogVolumeServices Services { get; init; }

    /// <summary>
    /// Who keeps a second copy of the log, if anybody: then a flush survives the loss of this machine, and opening gets from
    /// there what a lost machine had flushed and the store lacks. A volume that was opened with it goes on being so.
    /// </summary>
    public IReplicaConnector? Replica { get; init; }

    /// <summary>Bytes of the log that wait in memory until the replica has made them durable, at least 2 MiB and a half for full segments.</summary>
    public int ReplicaWindowBytes { get; init; } = 16 << 20;

    /// <summary>How long opening waits for the replica when it may have what the store lacks.</summary>
    public TimeSpan ReplicaOpenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether writes that another opener has overtaken may be moved aside in the log directory; refused otherwise.
    /// They are never replayed.
    /// </summary>
    public bool IsTakeoverOfLocalLogAllowed { get; init; } = true;

    /// <summary>The most bytes that the log takes.</summary>
    public long LogBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of a log segment, a multiple of 4096. At least four segments must fit into the log.</summary>
    public int SegmentBytes { get; init; } = 16 << 20;

    /// <summary>The fullness of the log, 0 to 1, from which on writes are slowed.</summary>
    public double ThrottleFrom { get; init; } = 0.5;

    /// <summary>The delay of a write when the log is nearly full.</summary>
    public TimeSpan ThrottleDelayMax { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a write waits for room in a full log before it fails; null for ever.</summary>
    public TimeSpan? LogFullTimeout { get; init; }

    /// <summary>How long a read waits for a store that does not answer before it fails; null for ever.</summary>
    public TimeSpan? ReadTimeout { get; init; }

    /// <summary>Bytes of the read cache.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    /// <summary>Data objects that are built and uploaded at a time.</summary>
    public int UploadsInFlight { get; init; } = 2;

    /// <summary>The oldest write that waits for a batch to fill.</summary>
    public TimeSpan BatchAge { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first delay after a failure of the store; doubles up to <see cref="RetryDelayMax"/>.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How often a store is asked that fails while the volume is being opened, and how often an open volume asks for an
    /// object that came too short, before that is an error.
    /// </summary>
    public int ReadAttemptsMax { get; init; } = 5;

    /// <summary>How long closing waits for the log to drain.</summary>
    public TimeSpan CloseDrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Manifest records between two checkpoints.</summary>
    public int CheckpointRecords { get; init; } = 256;

    /// <summary>Collect garbage while less than this part of the stored bytes is live, 0 for never.</summary>
    public double CollectBelowLive { get; init; } = 0.7;

    /// <summary>Bytes that garbage collection copies in a second at most.</summary>
    public long CollectBytesPerSecond { get; init; } = 32 << 20;

    /// <summary>How often it is looked whether there is garbage.</summary>
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The farthest that is read ahead of a sequential reader, in bytes; 0 for never.</summary>
    public int ReadAheadBytes { get; init; } = 1 << 20;
}

namespace Skep.Blocks.Log;

/// <summary>Fills a buffer with random bytes: <c>RandomNumberGenerator.Fill</c>, or a seeded source in simulations.</summary>
public delegate void RandomFill(Span<byte> destination);

/// <summary>What a volume needs of the outside beside its store and its disk.</summary>
public sealed record LogVolumeServices
{
    /// <summary>Time of ages, delays and deadlines.</summary>
    public required TimeProvider TimeProvider { get; init; }

    /// <summary>Source of ids, salts and nonces; of cryptographic quality in production.</summary>
    public required RandomFill Random { get; init; }

    /// <summary>Told what an operator should know; called from any thread.</summary>
    public Action<LogVolumeEvent>? OnEvent { get; init; }

    internal Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random(bytes);
        return new Guid(bytes, bigEndian: true);
    }

    internal ulong NewNumber()
    {
        Span<byte> bytes = stackalloc byte[8];
        Random(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}

/// <summary>Something that an operator should know.</summary>
/// <param name="Volume">The volume's name.</param>
/// <param name="Kind">What sort of event.</param>
/// <param name="Message">The thing, the value seen, what was expected.</param>
/// <param name="Exception">The failure behind it, if any.</param>
public sealed record LogVolumeEvent(string Volume, LogVolumeEventKind Kind, string Message, Exception? Exception);

/// <summary>The sorts of events.</summary>
public enum LogVolumeEventKind
{
    /// <summary>The store does not answer or is full; tried again.</summary>
    StoreFailed,

    /// <summary>The store answers again those who waited for it.</summary>
    StoreAnswers,

    /// <summary>Another writer has taken the volume.</summary>
    Fenced,

    /// <summary>The local log holds writes of an overtaken writer; they were moved aside.</summary>
    LogMovedAside,

    /// <summary>The local disk failed.</summary>
    LocalDiskFailed,

    /// <summary>The local disk is full: writes wait.</summary>
    LocalDiskFull,

    /// <summary>The replica of the log does not take it: flushes wait for the store.</summary>
    ReplicaFailed,

    /// <summary>The replica takes the log again.</summary>
    ReplicaAnswers,

    /// <summary>What a lost machine's log held was fetched from its replica.</summary>
    RecoveredFromReplica,

    /// <summary>Something stored does not match its checksum.</summary>
    Damaged,

    /// <summary>The volume was opened, with what was recovered.</summary>
    Opened,

    /// <summary>The volume stopped for good: everything fails until it is opened again.</summary>
    Stopped,
}

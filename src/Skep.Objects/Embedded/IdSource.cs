namespace Skep.Objects.Embedded;

/// <summary>
/// Numbers for contents, versions and uploads. They are reserved in the database before they are used, in large steps, so that
/// none is given out twice, whatever a crash left behind. Thread-safe.
/// </summary>
internal sealed class IdSource(long next, long limit)
{
    /// <summary>More than a batch of changes can use twice over.</summary>
    public const long Step = 1 << 20;

    private long _next = next;
    private long _limit = limit;

    /// <summary>The first id of this process: data files below it are of earlier ones.</summary>
    public long First { get; } = next;

    /// <summary>Whether more should be reserved with the next transaction.</summary>
    public bool IsLow => Volatile.Read(ref _limit) - Volatile.Read(ref _next) < Step / 2;

    /// <summary>What to reserve up to.</summary>
    public long NextLimit => Volatile.Read(ref _limit) + Step;

    /// <summary>Takes an id; false when none is reserved.</summary>
    public bool TryTake(out long id)
    {
        id = Interlocked.Increment(ref _next) - 1;
        return id < Volatile.Read(ref _limit);
    }

    /// <summary>Says that a reservation is durable.</summary>
    public void SetLimit(long limit) => Volatile.Write(ref _limit, limit);
}

namespace Skep.Blocks.Stores;

/// <summary>How often and after which pauses a <see cref="RetryingObjectStore"/> tries again.</summary>
public sealed record RetryPolicy
{
    /// <summary>Attempts in all, the first included.</summary>
    public int AttemptsMax { get; init; } = 8;

    /// <summary>The pause after the first failure; each further one doubles it. What is waited is between half of it and all.</summary>
    public TimeSpan PauseFirst { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause.</summary>
    public TimeSpan PauseMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first pause when the store is full: room comes back seldom and slowly.</summary>
    public TimeSpan FullPauseFirst { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause when the store is full.</summary>
    public TimeSpan FullPauseMax { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Attempts when an object is too short: an answer may be cut once, an object that is really short stays so.</summary>
    public int ShortAttemptsMax { get; init; } = 2;
}

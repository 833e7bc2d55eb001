namespace Skep.Objects.Tests;

/// <summary>A clock that stands still until a test moves it. It has no timers.</summary>
public sealed class ManualTime : TimeProvider
{
    private DateTimeOffset _now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _now;

    /// <summary>Moves it.</summary>
    public void Advance(TimeSpan by) => _now += by;
}

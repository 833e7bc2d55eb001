namespace Skep.Blocks.Simulation;

/// <summary>
/// The clock of a simulated process. Its timestamps do not count ticks of <see cref="TimeSpan"/>, so that code which takes one
/// for the other fails, and its wall clock may be wrong.
/// </summary>
internal sealed class SimulatedTime(SimulatedProcess process, TimeSpan skew) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <inheritdoc/>
    public override long TimestampFrequency => 7_000_000;

    /// <inheritdoc/>
    public override long GetTimestamp() => process.Scheduler.NowTicks * 7 / 10;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Start.AddTicks(process.Scheduler.NowTicks) + skew;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        process.Scheduler.CheckThread("CreateTimer");
        return new SimulatedTimer(process, callback, state, dueTime, period);
    }
}

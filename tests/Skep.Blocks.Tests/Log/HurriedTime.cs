namespace Skep.Blocks.Tests.Log;

/// <summary>A clock whose timers fire at once and which then is as late as they say.</summary>
public sealed class HurriedTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        // Very long waits are for signals, not for time.
        if (dueTime >= TimeSpan.FromMinutes(10) || dueTime < TimeSpan.Zero)
            return TimeProvider.System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return TimeProvider.System.CreateTimer(s =>
        {
            Interlocked.Add(ref _ticks, dueTime.Ticks);
            callback(s);
        }, state, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }
}

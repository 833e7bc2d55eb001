namespace Skep.Blocks.Simulation;

/// <summary>A timer in virtual time; its callback runs in the process that made it, and dies with it.</summary>
internal sealed class SimulatedTimer : ITimer
{
    private const long NeverTicks = -1;

    private readonly SimulatedProcess _owner;
    private readonly TimerCallback _callback;
    private readonly object? _state;
    private long _dueTicks = NeverTicks;
    private TimeSpan _period;

    public SimulatedTimer(SimulatedProcess owner, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        (_owner, _callback, _state) = (owner, callback, state);
        Change(dueTime, period);
    }

    /// <inheritdoc/>
    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        Set(dueTime);
        return true;
    }

    /// <summary>Whether this is still the time at which it fires: changed timers leave their old entries in the queue.</summary>
    public bool IsDue(long dueTicks) => _owner.IsAlive && _dueTicks == dueTicks;

    /// <summary>Makes the callback ready.</summary>
    public void Fire()
    {
        _dueTicks = NeverTicks;
        if (_period > TimeSpan.Zero)
            Set(_period);
        _owner.Post(state => _callback(state), _state);
    }

    /// <inheritdoc/>
    public void Dispose() => _dueTicks = NeverTicks;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    private void Set(TimeSpan dueTime)
    {
        if (dueTime == Timeout.InfiniteTimeSpan)
        {
            _dueTicks = NeverTicks;
            return;
        }
        _dueTicks = _owner.Scheduler.NowTicks + dueTime.Ticks;
        _owner.Scheduler.Schedule(this, _dueTicks);
    }
}

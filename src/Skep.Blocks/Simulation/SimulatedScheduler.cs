namespace Skep.Blocks.Simulation;

/// <summary>
/// Runs asynchronous code on the calling thread in an order drawn from a seed, in virtual time: when nothing is ready, the
/// clock jumps to the next timer. Code belongs to <see cref="SimulatedProcess"/>es, which can be killed or paused. Everything
/// awaited must come from the simulation; what comes back on another thread is reported as an escape.
/// </summary>
public sealed class SimulatedScheduler
{
    private readonly SimulationRandom _random;
    private readonly List<WorkItem> _ready = [];
    private readonly PriorityQueue<SimulatedTimer, (long DueTicks, ulong Tie)> _timers = new();
    private int _threadId;
    private volatile string? _escape;
    private SimulationException? _failure;

    /// <summary>Makes a scheduler.</summary>
    /// <param name="random">Decides the order.</param>
    /// <param name="trace">Takes every decision.</param>
    public SimulatedScheduler(SimulationRandom random, SimulationTrace trace)
    {
        _random = random;
        Trace = trace;
        Observer = new SimulatedProcess(this, "observer", TimeSpan.Zero);
    }

    /// <summary>What happens.</summary>
    public SimulationTrace Trace { get; }

    /// <summary>The process of the simulation itself, which is never killed.</summary>
    public SimulatedProcess Observer { get; }

    /// <summary>Virtual time since the start, in ticks of 100 ns.</summary>
    public long NowTicks { get; private set; }

    /// <summary>Steps run so far.</summary>
    public long StepCount { get; private set; }

    /// <summary>Starts a process. It runs nothing until <see cref="SimulatedProcess.RunAsync"/>.</summary>
    /// <param name="name">For the trace.</param>
    /// <param name="clockSkew">How far its wall clock is from the truth.</param>
    public SimulatedProcess StartProcess(string name, TimeSpan clockSkew) => new(this, name, clockSkew);

    /// <summary>Runs until the work is done.</summary>
    /// <param name="work">Started in the <see cref="Observer"/>.</param>
    /// <param name="stepsMax">More steps than this are a live-lock.</param>
    /// <exception cref="SimulationException">Deadlock, live-lock, an escape, or what the work threw.</exception>
    public void Run(Func<Task> work, long stepsMax)
    {
        var previous = SynchronizationContext.Current;
        _threadId = Environment.CurrentManagedThreadId;
        try
        {
            Task? task = null;
            Enqueue(new(Observer, _ => task = work(), null));
            while (task is not { IsCompleted: true })
            {
                Step();
                if (_failure is { } failure)
                    throw failure;
                ThrowIfEscaped();
                if (++StepCount > stepsMax)
                {
                    throw new SimulationException(
                        SimulationFailure.Livelock, $"not done after {stepsMax} steps and {TimeSpan.FromTicks(NowTicks)} of virtual time");
                }
            }
            SynchronizationContext.SetSynchronizationContext(null);
            // Completed: this only throws what it threw.
#pragma warning disable VSTHRD002
            task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(previous);
            _threadId = 0;
        }
    }

    /// <summary>Called by every seam: the caller must run inside the simulation.</summary>
    /// <param name="what">The call, for the message.</param>
    public void CheckThread(string what)
    {
        if (Environment.CurrentManagedThreadId == _threadId)
            return;
        ReportEscape(what);
        throw new SimulationException(SimulationFailure.Escape, $"{what} was called outside the simulation's thread");
    }

    /// <summary>Ends the run with a failure, from wherever it was noticed.</summary>
    public void Fail(SimulationException failure) => _failure ??= failure;

    /// <summary>What a dead process waits for.</summary>
    internal Task Never { get; } = new TaskCompletionSource().Task;

    /// <summary>Completes after some virtual time, in the process that runs; never when that is killed.</summary>
    internal Task DelayAsync(TimeSpan time)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var owner = SynchronizationContext.Current as SimulatedProcess ?? Observer;
        _ = new SimulatedTimer(owner, static state => ((TaskCompletionSource)state!).SetResult(), done, time, Timeout.InfiniteTimeSpan);
        return done.Task;
    }

    /// <summary>Runs something of the world outside all processes, which none of their deaths stops, after some virtual time.</summary>
    internal void After(TimeSpan time, Action action) =>
        _ = new SimulatedTimer(Observer, static state => ((Action)state!)(), action, time, Timeout.InfiniteTimeSpan);

    internal void Enqueue(WorkItem item)
    {
        if (_threadId != 0 && Environment.CurrentManagedThreadId != _threadId)
        {
            ReportEscape($"posted from another thread{Environment.NewLine}{Environment.StackTrace}");
            return;
        }
        if (!item.Owner.Hold(item))
            _ready.Add(item);
    }

    internal void Drop(SimulatedProcess owner) => _ready.RemoveAll(item => item.Owner == owner);

    internal List<WorkItem> Take(SimulatedProcess owner)
    {
        var taken = _ready.Where(item => item.Owner == owner).ToList();
        Drop(owner);
        return taken;
    }

    internal void Schedule(SimulatedTimer timer, long dueTicks) => _timers.Enqueue(timer, (dueTicks, _random.NextBits()));

    private void ReportEscape(string what) => _escape ??= what;

    private void ThrowIfEscaped()
    {
        if (_escape is { } escape)
            throw new SimulationException(SimulationFailure.Escape, $"code left the simulation's thread: {escape}");
    }

    private void Step()
    {
        while (_ready.Count == 0)
        {
            if (!_timers.TryDequeue(out var timer, out var priority))
            {
                ThrowIfEscaped();
                throw new SimulationException(SimulationFailure.Deadlock, "work is pending, but nothing is ready and no timer runs");
            }
            if (!timer.IsDue(priority.DueTicks))
                continue;
            NowTicks = Math.Max(NowTicks, priority.DueTicks);
            Trace.Mix(NowTicks);
            timer.Fire();
        }

        var index = _random.Below(_ready.Count);
        Trace.Mix(((long)_ready.Count << 32) | (uint)index);
        var item = _ready[index];
        _ready[index] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        SynchronizationContext.SetSynchronizationContext(item.Owner);
        try
        {
            item.Callback(item.State);
        }
        catch (Exception ex)
        {
            Fail(ex as SimulationException
                ?? new SimulationException(SimulationFailure.Crash, $"{item.Owner.Name}: nobody caught {ex.GetType().Name}: {ex.Message}", ex));
        }
    }

    internal readonly record struct WorkItem(SimulatedProcess Owner, SendOrPostCallback Callback, object? State);
}

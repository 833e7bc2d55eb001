namespace Skep.Blocks.Simulation;

/// <summary>
/// A process under simulation: the synchronization context of its code, its clock and its life. Killed, nothing of it ever
/// runs again; paused, it runs on later as if no time had passed (SIGSTOP, or the pause of a whole machine).
/// </summary>
public sealed class SimulatedProcess : SynchronizationContext
{
    private readonly List<TaskCompletionSource> _runs = [];
    private List<SimulatedScheduler.WorkItem>? _held;

    internal SimulatedProcess(SimulatedScheduler scheduler, string name, TimeSpan clockSkew)
    {
        Scheduler = scheduler;
        Name = name;
        Time = new SimulatedTime(this, clockSkew);
    }

    /// <summary>For messages.</summary>
    public string Name { get; }

    /// <summary>False once killed.</summary>
    public bool IsAlive { get; private set; } = true;

    /// <summary>Whether it is stopped for now.</summary>
    public bool IsPaused => _held is not null;

    /// <summary>Its clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Runs tasks in this process; only to be read inside it.</summary>
    public TaskScheduler Tasks => field ??= TaskScheduler.FromCurrentSynchronizationContext();

    internal SimulatedScheduler Scheduler { get; }

    /// <summary>Runs code in this process.</summary>
    /// <returns>Completes with it, for a caller in another process; fails with <see cref="ProcessKilledException"/> when the process is killed first.</returns>
    public Task RunAsync(Func<Task> work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!IsAlive)
        {
            done.SetException(new ProcessKilledException(Name));
            return done.Task;
        }
        _runs.Add(done);
        Post(_ => _ = RunOneAsync(work, done), null);
        return done.Task;
    }

    /// <summary>Ends it at once, as kill -9 does.</summary>
    public void Kill()
    {
        if (!IsAlive)
            return;
        IsAlive = false;
        _held = null;
        Scheduler.Drop(this);
        Scheduler.Trace.Mix(Name);
        Scheduler.Trace.Say($"{Name}: killed");
        foreach (var run in _runs)
            run.TrySetException(new ProcessKilledException(Name));
        _runs.Clear();
    }

    /// <summary>Stops it.</summary>
    public void Pause()
    {
        Scheduler.Trace.Say($"{Name}: paused");
        if (IsAlive)
            _held ??= Scheduler.Take(this);
    }

    /// <summary>Lets it run on.</summary>
    public void Resume()
    {
        Scheduler.Trace.Say($"{Name}: resumed");
        var held = _held;
        _held = null;
        foreach (var item in held ?? [])
            Scheduler.Enqueue(item);
    }

    /// <inheritdoc/>
    public override void Post(SendOrPostCallback d, object? state) => Scheduler.Enqueue(new(this, d, state));

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("the simulation has one thread: nothing may wait on it");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Takes a work item that must not run now; a dead process loses it.</summary>
    internal bool Hold(SimulatedScheduler.WorkItem item)
    {
        if (!IsAlive)
            return true;
        _held?.Add(item);
        return _held is not null;
    }

    private async Task RunOneAsync(Func<Task> work, TaskCompletionSource done)
    {
        try
        {
            await work();
            done.TrySetResult();
        }
        catch (Exception ex)
        {
            done.TrySetException(ex);
        }
        _runs.Remove(done);
    }
}

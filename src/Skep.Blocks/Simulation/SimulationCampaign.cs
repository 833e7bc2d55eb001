namespace Skep.Blocks.Simulation;

/// <summary>Runs many seeds, each alone on one thread, several at a time.</summary>
/// <param name="run">Simulates one seed.</param>
/// <param name="threadCount">How many at a time.</param>
public sealed class SimulationCampaign(Func<ulong, SimulationOutcome> run, int threadCount)
{
    private readonly Lock _lock = new();
    private ulong _next;
    private bool _isStopped;

    /// <summary>Runs a range of seeds, both ends included.</summary>
    /// <param name="from">The first seed.</param>
    /// <param name="to">The last seed.</param>
    /// <param name="onOutcome">Told of every outcome, one at a time; false stops.</param>
    /// <param name="ct">Stops after the seeds that are under way.</param>
    public async Task RunAsync(ulong from, ulong to, Func<SimulationOutcome, bool> onOutcome, CancellationToken ct)
    {
        _next = from;
        var threads = Enumerable.Range(0, threadCount).Select(_ => RunThreadAsync(to, onOutcome, ct)).ToArray();
        await Task.WhenAll(threads);
        ct.ThrowIfCancellationRequested();
    }

    // Threads of their own: a simulation holds its thread until it is done.
    private Task RunThreadAsync(ulong to, Func<SimulationOutcome, bool> onOutcome, CancellationToken ct)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                while (!ct.IsCancellationRequested && Next(to) is { } seed)
                    Report(run(seed), onOutcome);
                done.SetResult();
            }
            catch (Exception ex)
            {
                done.SetException(ex);
            }
        })
        {
            IsBackground = true,
            Name = "simulation",
        }.Start();
        return done.Task;
    }

    private ulong? Next(ulong to)
    {
        lock (_lock)
            return _isStopped || _next > to ? null : _next++;
    }

    private void Report(SimulationOutcome outcome, Func<SimulationOutcome, bool> onOutcome)
    {
        lock (_lock)
            _isStopped |= !onOutcome(outcome);
    }
}

namespace Skep.Cli;

/// <summary>A time by which something has to have happened. What runs out of it says what it waited for.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;
    private readonly TimeSpan _length;

    /// <summary>Starts the clock.</summary>
    public Deadline(TimeProvider time, TimeSpan length, CancellationToken ct)
    {
        _length = length;
        _caller = ct;
        _timeout = new CancellationTokenSource(length, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, ct);
    }

    /// <summary>Runs a wait. <paramref name="what"/> completes "waited … for" and names the last state seen.</summary>
    /// <exception cref="CliException">The time is over.</exception>
    public async Task RunAsync(Func<string> what, Func<CancellationToken, Task> wait)
    {
        try
        {
            await wait(_either.Token);
        }
        catch (OperationCanceledException) when (_timeout.IsCancellationRequested && !_caller.IsCancellationRequested)
        {
            throw new CliException($"waited {Durations.Render(_length)} for {what()}", ExitCode.TimedOut, "--timeout sets how long to wait.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _either.Dispose();
        _timeout.Dispose();
    }
}

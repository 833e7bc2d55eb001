namespace Skep.Linux;

/// <summary>
/// The inverse of each step of a change to the host, run in reverse order unless the change is committed. Covers one
/// process lifetime; what must survive a crash is a resource that its controller finishes or takes back.
/// </summary>
public sealed class Undo(Action<string, Exception> onStepFailed) : IAsyncDisposable
{
    private readonly Stack<(string Name, Func<CancellationToken, ValueTask> Run)> _steps = new();

    /// <summary>Adds the inverse of a step that has just succeeded.</summary>
    public void Push(string name, Func<CancellationToken, ValueTask> run) => _steps.Push((name, run));

    /// <summary>Keeps the change.</summary>
    public void Commit() => _steps.Clear();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_steps.TryPop(out var step))
        {
            try
            {
                // The caller's token may be cancelled already; taking back must not be.
                await step.Run(CancellationToken.None);
            }
            catch (Exception ex)
            {
                onStepFailed(step.Name, ex); // the other steps still run
            }
        }
    }
}

using System.Collections.Concurrent;

namespace Skep.Core.Store.Sqlite;

/// <summary>
/// A thread of its own for calls that block on the disk, one after another: the request threads stay free however slow
/// the disk is.
/// </summary>
internal sealed class SerialThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public SerialThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Runs a function on the thread.</summary>
    public Task<T> RunAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception ex)
            {
                done.SetException(ex);
            }
        });
        return done.Task;
    }

    /// <summary>Lets the thread finish what was given to it and waits for that.</summary>
    public void Dispose()
    {
        if (_work.IsAddingCompleted)
            return;
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
    }
}

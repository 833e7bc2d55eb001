using System.Collections.Concurrent;
using Skep.Core.Resources;

namespace Skep.Core.Reconcile;

/// <summary>
/// The work of a reconciler that takes long: it goes on beside it, one job a resource, so that the reconciler sees meanwhile
/// that the resource is not wanted any more. Thread-safe, but for two calls about the same resource.
/// </summary>
public sealed class BackgroundJobs : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ResourceKey, Job> _jobs = new();
    private readonly CancellationTokenSource _stop = new();

    public BackgroundJobs() => Stopping = _stop.Token;

    /// <summary>Cancelled when the reconciler ends, and every job with it.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>The uids of the resources that have a job.</summary>
    public IEnumerable<string> Uids => _jobs.Values.Select(j => j.Uid);

    /// <summary>Whether there is a job of a resource, perhaps ended and not yet settled.</summary>
    public bool Has(ResourceKey key) => _jobs.ContainsKey(key);

    /// <summary>Begins the job of a resource that has none.</summary>
    /// <param name="key">The resource.</param>
    /// <param name="uid">Its uid: one of the same name may follow it.</param>
    /// <param name="work">The work; its failures are its own to report.</param>
    public void Begin(ResourceKey key, string uid, Func<CancellationToken, Task> work)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stopping);
        _jobs[key] = new Job(uid, Task.Run(() => work(cancel.Token), CancellationToken.None), cancel);
    }

    /// <summary>Takes away the job of a resource if it has ended, or is not wanted: then it is cancelled, and waited for.</summary>
    /// <param name="key">The resource.</param>
    /// <param name="isWanted">Whether the work for the resource with this uid should go on.</param>
    public async Task SettleAsync(ResourceKey key, Func<string, bool> isWanted)
    {
        if (!_jobs.TryGetValue(key, out var job) || (isWanted(job.Uid) && !job.Task.IsCompleted))
            return;
        await job.Cancel.CancelAsync();
        await job.Task;
        _jobs.TryRemove(key, out _);
        job.Cancel.Dispose();
    }

    /// <summary>Cancels all jobs and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        foreach (var job in _jobs.Values)
        {
            await job.Task;
            job.Cancel.Dispose();
        }

        _jobs.Clear();
        _stop.Dispose();
    }

    private sealed record Job(string Uid, Task Task, CancellationTokenSource Cancel);
}

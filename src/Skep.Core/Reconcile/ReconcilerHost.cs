using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Core.Reconcile;

/// <summary>Runs one reconciler: watches its kinds, queues the keys concerned, calls it, retries with back-off.</summary>
public sealed partial class ReconcilerHost(IReconciler reconciler, ResourceStore store, TimeProvider time, ILogger<ReconcilerHost> logger)
    : BackgroundService
{
    private static readonly Meter _meter = new("Skep.Reconcile");
    private static readonly Counter<long> _runs = _meter.CreateCounter<long>("skep.reconcile.runs", description: "Reconciliations by reconciler and result.");
    private static readonly Histogram<double> _duration = _meter.CreateHistogram<double>("skep.reconcile.duration", "s", "Time of one reconciliation.");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var queue = new WorkQueue(time);
        reconciler.Start(queue.Add);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var workers = Enumerable.Range(0, reconciler.Concurrency).Select(_ => WorkAsync(queue, all.Token));
        List<Task> tasks = [WatchAsync(queue, all.Token), ResyncAsync(queue, all.Token), .. workers];
        try
        {
            // The first to end, be it because the store closed or because of a bug, ends the others: a reconciler that
            // works but no longer watches would look healthy.
            await await Task.WhenAny(tasks);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            await all.CancelAsync();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchAsync(WorkQueue queue, CancellationToken ct)
    {
        while (true)
        {
            var view = AddAll(queue);
            try
            {
                await foreach (var batch in store.WatchKindsAsync(reconciler.Watches, view.Revision, ct))
                {
                    foreach (var e in batch.Events)
                    {
                        AddConcerned(queue, e.Resource, store.View);
                        // What the resource referred to before is concerned as well: a detached volume's instance.
                        if (e.Previous is { } previous)
                            AddConcerned(queue, previous, store.View);
                    }
                }

                return;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Expired)
            {
                // Too slow for the log: look at everything again.
            }
        }
    }

    private async Task ResyncAsync(WorkQueue queue, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(reconciler.ResyncPeriod, time);
        while (await timer.WaitForNextTickAsync(ct))
            AddAll(queue);
    }

    private View AddAll(WorkQueue queue)
    {
        var view = store.View;
        foreach (var resource in reconciler.Watches.SelectMany(kind => view.List(kind, ns: null, after: null)))
            AddConcerned(queue, resource, view);
        return view;
    }

    private void AddConcerned(WorkQueue queue, Resource resource, View view)
    {
        try
        {
            foreach (var key in reconciler.Concerned(resource, view))
                queue.Add(key);
        }
        catch (Exception ex)
        {
            // One resource that the reconciler cannot read must not hide all others from it; the resync asks again.
            LogConcernedFailed(ex, reconciler.Name, resource.Key);
        }
    }

    private async Task WorkAsync(WorkQueue queue, CancellationToken ct)
    {
        await Task.Yield();
        while (true)
        {
            var key = await queue.TakeAsync(ct);
            var start = time.GetTimestamp();
            var result = "ok";
            try
            {
                var again = await reconciler.ReconcileAsync(key, ct);
                queue.Succeeded(key);
                if (again is { } delay)
                    queue.AddAfter(key, delay);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                throw;
            }
            catch (ResourceException ex) when (ex.Reason is ResourceError.Conflict)
            {
                // Somebody else wrote first; the next run sees what they wrote.
                result = "conflict";
                queue.AddAfterFailure(key);
            }
            catch (Exception ex)
            {
                result = "error";
                var delay = queue.AddAfterFailure(key);
                LogFailed(ex, reconciler.Name, key, delay);
            }
            finally
            {
                queue.Done(key);
                _runs.Add(1, new("reconciler", reconciler.Name), new("result", result));
                _duration.Record(time.GetElapsedTime(start).TotalSeconds, new KeyValuePair<string, object?>("reconciler", reconciler.Name));
            }
        }
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Warning, Message = "reconciler {Reconciler} failed on {Key}, again in {Delay}")]
    private partial void LogFailed(Exception exception, string reconciler, ResourceKey key, TimeSpan delay);

    [LoggerMessage(EventId = 201, Level = LogLevel.Error, Message = "reconciler {Reconciler} cannot tell what {Key} concerns")]
    private partial void LogConcernedFailed(Exception exception, string reconciler, ResourceKey key);
}

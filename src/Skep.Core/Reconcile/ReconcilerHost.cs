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
        var workers = Enumerable.Range(0, reconciler.Concurrency).Select(_ => WorkAsync(queue, stoppingToken));
        try
        {
            await Task.WhenAll([WatchAsync(queue, stoppingToken), ResyncAsync(queue, stoppingToken), .. workers]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task WatchAsync(WorkQueue queue, CancellationToken ct)
    {
        while (true)
        {
            var view = AddAll(queue);
            try
            {
                await foreach (var batch in store.WatchAsync(resource: null, view.Revision, ct))
                {
                    foreach (var e in batch.Events)
                    {
                        if (reconciler.Watches.Contains(e.Resource.Key.GroupResource))
                            AddConcerned(queue, e.Resource, store.View);
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
        foreach (var key in reconciler.Concerned(resource, view))
            queue.Add(key);
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
}

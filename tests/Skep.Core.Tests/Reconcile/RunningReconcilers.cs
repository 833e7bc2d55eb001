using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Reconcile;
using Skep.Core.Store;
using Skep.Testing;

namespace Skep.Core.Tests.Reconcile;

/// <summary>Reconcilers at work in a test's world.</summary>
internal sealed class RunningReconcilers : IAsyncDisposable
{
    private readonly List<ReconcilerHost> _hosts = [];

    public static async Task<RunningReconcilers> StartAsync(TestResources world, CancellationToken ct, params IReconciler[] reconcilers)
    {
        var running = new RunningReconcilers();
        foreach (var reconciler in reconcilers)
        {
            var host = new ReconcilerHost(reconciler, world.Store, world.Clock, NullLogger<ReconcilerHost>.Instance);
            running._hosts.Add(host);
            await host.StartAsync(ct);
        }

        return running;
    }

    /// <summary>Waits until the state is as a test expects it.</summary>
    public static async Task<View> UntilAsync(TestResources world, Func<View, bool> expected, CancellationToken ct)
    {
        var view = world.Store.View;
        if (expected(view))
            return view;
        await foreach (var batch in world.Store.WatchAsync(resource: null, view.Revision, ct))
        {
            view = world.Store.View;
            if (batch.Revision >= 0 && expected(view))
                break;
        }

        return view;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync(CancellationToken.None);
            host.Dispose();
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Observability;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;

namespace Skep.Daemon;

/// <summary>What runs on a data directory, with or without a gateway in front: the core's controllers and the rooms.</summary>
internal static class DaemonServices
{
    /// <summary>Hosted services get this long to end; the gateway's own drain is shorter.</summary>
    private static readonly TimeSpan _shutdownTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Registers them.</summary>
    public static void Add(IServiceCollection services, SkepOptions skep, IRoom[] rooms, ResourceClient resources)
    {
        services.Configure<HostOptions>(host => host.ShutdownTimeout = _shutdownTimeout);
        services.AddSingleton<IHostLifetime, SignalFreeLifetime>();
        services.AddSingleton(resources.Time);
        services.AddSingleton(resources.Ids);
        services.AddSingleton(skep);
        services.AddSingleton(resources);
        services.AddSingleton(resources.Store);
        services.AddSingleton(resources.Kinds);
        services.AddSingleton(new IdentityDirectory(resources));
        services.AddSingleton(new CommandRunner(resources.Time));
        services.AddSingleton<PrometheusMetrics>();
        services.AddCoreControllers();
        foreach (var room in rooms)
            room.AddServices(services, skep);
    }

    /// <summary>Starts a host; one that fails half-way is stopped.</summary>
    public static async Task StartAsync(IHost host, CancellationToken ct)
    {
        // Before anything runs: what is measured from the start is counted.
        _ = host.Services.GetRequiredService<PrometheusMetrics>();
        try
        {
            await host.StartAsync(ct);
        }
        catch
        {
            // What did start must not see its services vanish.
            await host.StopAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Signals are the command line's; its token ends the host.</summary>
    private sealed class SignalFreeLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Networking.Controllers;

/// <summary>Makes the network of the default account's region when the daemon starts, as soon as its project exists.</summary>
internal sealed partial class RegionDefaultsService(RegionDefaults defaults, ResourceClient client, SkepOptions options, ILogger<RegionDefaultsService> logger)
    : BackgroundService
{
    /// <summary>The default account's project.</summary>
    private const string Project = "default";

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await WaitForProjectAsync(stoppingToken);
            var vpc = await defaults.EnsureAsync(Project, options.Region, stoppingToken);
            LogReady(options.Region, vpc);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        catch (ResourceException ex)
        {
            // Everything else works; running an instance will try again and tell the caller.
            LogFailed(options.Region, ex.Message);
        }
    }

    private async Task WaitForProjectAsync(CancellationToken ct)
    {
        var key = CoreKinds.Namespace.Key("", Project);
        var view = client.View;
        if (view.Get(key) is not null)
            return;
        await foreach (var batch in client.Store.WatchAsync(key.GroupResource, view.Revision, ct))
        {
            if (batch.Events.Any(e => e.Resource.Key == key && e.Type is not ResourceEventType.Deleted))
                return;
        }
    }

    [LoggerMessage(EventId = 640, Level = LogLevel.Debug, Message = "region {Region} has its default network {Vpc}")]
    private partial void LogReady(string region, ResourceKey vpc);

    [LoggerMessage(EventId = 641, Level = LogLevel.Error, Message = "region {Region} has no default network: {Reason}")]
    private partial void LogFailed(string region, string reason);
}

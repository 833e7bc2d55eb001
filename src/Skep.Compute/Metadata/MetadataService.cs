using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Linux;

namespace Skep.Compute.Metadata;

/// <summary>
/// Keeps one metadata listener in each VPC namespace of this node that has interfaces: started when the fabric has made
/// the namespace, ended when its last interface is gone.
/// </summary>
internal sealed partial class MetadataService(
    ResourceStore store,
    MetadataHandler handler,
    SkepOptions options,
    TimeProvider time,
    ILoggerFactory loggers,
    ILogger<MetadataService> logger) : BackgroundService
{
    private static readonly IPEndPoint _address = new(IPAddress.Parse("169.254.169.254"), 80);
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, MetadataListener> _listeners = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var revision = store.View.Revision;
                if (!await SyncAsync(stoppingToken))
                {
                    await Task.Delay(_retryDelay, time, stoppingToken);
                    continue;
                }

                await WaitForChangeAsync(revision, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            foreach (var listener in _listeners.Values)
                await listener.DisposeAsync();
        }
    }

    private static Socket Listen(string networkNamespace) =>
        NetworkNamespace.RunIn(networkNamespace, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                // The fabric may still be adding the address; a socket bound before that works once it is there.
                socket.SetRawSocketOption(0, 15, [1, 0, 0, 0]); // SOL_IP, IP_FREEBIND: ip(7)
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(_address);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        });

    private async Task WaitForChangeAsync(long revision, CancellationToken ct)
    {
        try
        {
            await foreach (var batch in store.WatchAsync(InterfaceView.Resource, revision, ct))
            {
                if (batch.Events.Count > 0)
                    return;
            }
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.Expired)
        {
            // Far behind: look at everything again.
        }
    }

    /// <summary>Starts and ends listeners; false when one could not be started and must be tried again.</summary>
    private async Task<bool> SyncAsync(CancellationToken ct)
    {
        var wanted = store.View.List(InterfaceView.Resource, ns: null, after: null)
            .Select(r => r.View(MetadataJson.Default.InterfaceView))
            .Where(nic => nic.Spec.NodeName == options.NodeName && nic.Status?.NetworkNamespace is { Length: > 0 })
            .Select(nic => nic.Status!.NetworkNamespace!)
            .ToHashSet();
        foreach (var gone in _listeners.Keys.Where(name => !wanted.Contains(name)).ToList())
        {
            _listeners.Remove(gone, out var listener);
            await listener!.DisposeAsync();
        }

        var isComplete = true;
        foreach (var name in wanted.Where(name => !_listeners.ContainsKey(name)))
        {
            try
            {
                _listeners[name] = await MetadataListener.StartAsync(name, () => Listen(name), handler, loggers, ct);
            }
            catch (Exception ex) when (ex is IOException or SocketException or InvalidOperationException)
            {
                LogNotStarted(ex, name);
                isComplete = false;
            }
        }

        return isComplete;
    }

    [LoggerMessage(EventId = 301, Level = LogLevel.Warning, Message = "metadata service cannot listen in {Namespace}, trying again")]
    private partial void LogNotStarted(Exception exception, string @namespace);
}

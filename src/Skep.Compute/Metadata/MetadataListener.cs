using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Skep.Compute.Metadata;

/// <summary>The metadata service of one VPC: a web server on a socket made inside the VPC's namespace.</summary>
internal sealed partial class MetadataListener : IAsyncDisposable
{
    /// <summary>No client of this protocol sends a body; this bounds those that try.</summary>
    private const int RequestBodyMax = 4_096;

    private const int ConnectionsMax = 1_024;

    private readonly KestrelServer _server;

    private MetadataListener(KestrelServer server) => _server = server;

    /// <summary>Starts serving on a socket that <paramref name="listen"/> makes, bound but not yet listening.</summary>
    public static async Task<MetadataListener> StartAsync(
        string networkNamespace,
        Func<Socket> listen,
        MetadataHandler handler,
        ILoggerFactory loggers,
        CancellationToken ct)
    {
        var kestrel = new KestrelServerOptions();
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = RequestBodyMax;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
        kestrel.Listen(new IPEndPoint(IPAddress.Any, 80), endpoint => endpoint.Protocols = HttpProtocols.Http1);
        // The endpoint above is a placeholder: the socket comes from inside the namespace.
        var transport = new SocketTransportFactory(
            Options.Create(new SocketTransportOptions { CreateBoundListenSocket = _ => listen() }),
            loggers);
        var server = new KestrelServer(Options.Create(kestrel), transport, loggers);
        await server.StartAsync(new Application(networkNamespace, handler, loggers.CreateLogger<MetadataListener>()), ct);
        return new MetadataListener(server);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Guests may hold idle connections open; they are cut rather than waited for.
        await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
    }

    private sealed partial class Application(string networkNamespace, MetadataHandler handler, ILogger logger) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public async Task ProcessRequestAsync(HttpContext context)
        {
            try
            {
                await handler.HandleAsync(context, networkNamespace);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
            }
            catch (Exception ex) when (!context.Response.HasStarted)
            {
                LogFailed(ex, networkNamespace, context.Request.Path);
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        }

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }

        [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "metadata request failed in {Namespace}: {Path}")]
        private partial void LogFailed(Exception exception, string @namespace, PathString path);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Identity.Bootstrap;

namespace Skep.Gateway;

/// <summary>Puts the front door into a program.</summary>
public static class GatewayServices
{
    private static readonly TimeSpan _handshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Registers the gateway. The program registers <see cref="Certificates"/>, dialects and <see cref="Core.Observability.PrometheusMetrics"/>.</summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(s => s.GetRequiredService<Certificates>().Authority);
        services.AddSingleton<IAuthorizer, GroupAuthorizer>();
        services.AddSingleton<Readiness>();
        services.AddSingleton<Drain>();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<SystemEndpoints>();
        services.AddSingleton<GatewayPipeline>();
        services.AddSingleton<AuditLog>();
        return services;
    }

    /// <summary>Makes the web server accept TLS connections on a socket that listens already (it takes the socket over).</summary>
    public static void UseGateway(this IWebHostBuilder web, GatewayOptions options, Socket listener) =>
        web.UseGateway(options, [new GatewayListener(listener)]);

    /// <summary>Makes the web server accept connections on sockets that listen already (it takes them over).</summary>
    public static void UseGateway(this IWebHostBuilder web, GatewayOptions options, IReadOnlyList<GatewayListener> listeners)
    {
        foreach (var listener in listeners.Where(l => l.Dialect is not null))
            listener.GiveUpOnReadersAfter(options.ReaderTimeout);
        web.UseKestrelCore();
        web.UseSockets(sockets =>
        {
            sockets.CreateBoundListenSocket = endPoint => listeners.First(l => l.Socket.LocalEndPoint!.Equals(endPoint)).Socket;
            // Its own default is 1 MiB; the limit of the request buffer below is only of what TLS and HTTP/2 have taken from here.
            sockets.MaxReadBufferSize = options.ReceiveBufferBytes;
        });
        // The web server has registered its own above: the last one counts.
        web.ConfigureServices(services => services.AddSingleton<IMemoryPoolFactory<byte>, TransportBlocks>());
        web.UseKestrelHttpsConfiguration();
        web.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.BodyBytesMax;
            kestrel.Limits.MaxRequestBufferSize = options.ReceiveBufferBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = options.HeadersBytesMax;
            kestrel.Limits.MaxRequestLineSize = options.RequestLineBytesMax;
            kestrel.Limits.RequestHeadersTimeout = options.HeadersTimeout;
            kestrel.Limits.MaxConcurrentConnections = options.ConnectionsMax;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 250;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = options.RequestLineBytesMax;
            foreach (var listener in listeners)
                kestrel.Listen((IPEndPoint)listener.Socket.LocalEndPoint!, endpoint => Configure(endpoint, listener));
        });
    }

    private static void Configure(ListenOptions endpoint, GatewayListener listener)
    {
        if (listener.Dialect is { } dialect)
        {
            var port = new DialectPort(dialect);
            endpoint.Use(next => connection =>
            {
                connection.Features.Set(port);
                return next(connection);
            });
        }

        // Without TLS nobody agrees on HTTP/2.
        endpoint.Protocols = listener.IsTls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
        if (!listener.IsTls)
            return;
        var certificates = endpoint.ApplicationServices.GetRequiredService<Certificates>();
        endpoint.UseHttps(new HttpsConnectionAdapterOptions
        {
            SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            HandshakeTimeout = _handshakeTimeout,
            // Looked up for every connection: a renewed certificate is used without a restart.
            ServerCertificateSelector = (_, _) => certificates.Server,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            // Judged by the Authenticator: a client with a wrong certificate gets a readable 401 instead of a broken handshake.
            ClientCertificateValidation = static (_, _, _) => true,
        });
    }

    /// <summary>Sends every request through the gateway.</summary>
    public static void RunGateway(this IApplicationBuilder app)
    {
        var pipeline = app.ApplicationServices.GetRequiredService<GatewayPipeline>();
        app.Run(pipeline.HandleAsync);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Observability;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Gateway.Tests;

/// <summary>A real gateway on a port of its own, with one scripted dialect, a test clock and a temporary directory.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly string _directory;
    private readonly TestResources _world;
    private readonly WebApplication _app;

    private TestGateway(string directory, TestResources world, Certificates certificates, AdminCredentials credentials, WebApplication app, int port, ScriptedDialect dialect)
    {
        _directory = directory;
        _world = world;
        _app = app;
        Certificates = certificates;
        Credentials = credentials;
        Port = port;
        Dialect = dialect;
    }

    public Certificates Certificates { get; }
    public AdminCredentials Credentials { get; }
    public int Port { get; }
    public ScriptedDialect Dialect { get; }
    public TestResources World => _world;
    public string AuditPath => Path.Combine(_directory, AuditLog.FileName);
    public SocketTransportOptions Transport => _app.Services.GetRequiredService<IOptions<SocketTransportOptions>>().Value;
    public IMemoryPoolFactory<byte> Memory => _app.Services.GetRequiredService<IMemoryPoolFactory<byte>>();
    public Readiness Readiness => _app.Services.GetRequiredService<Readiness>();

    public static async Task<TestGateway> StartAsync(CancellationToken ct, GatewayOptions? options = null)
    {
        var directory = Directory.CreateTempSubdirectory("skep-gateway-").FullName;
        var world = await TestResources.CreateAsync([], ct);
        var ids = world.Client.Ids;
        var skep = new SkepOptions { DataDirectory = directory, NodeName = "node", HostPrefix = "skabc", IsSimulated = true };
        var certificates = Certificates.Open(Path.Combine(directory, "pki"), world.Clock, ids);
        certificates.EnsureServer(new ServerNames("skep", ["localhost"], [IPAddress.Loopback]));
        var credentials = AdminCredentials.ReadOrCreate(Path.Combine(directory, AdminCredentials.FileName), skep.AccountId, skep.Region, ids);
        await BootstrapResources.EnsureAsync(world.Client, credentials, ct);

        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = directory });
        var dialect = new ScriptedDialect();
        var services = builder.Services;
        services.AddLogging();
        services.AddSingleton<TimeProvider>(world.Clock);
        services.AddSingleton(ids);
        services.AddSingleton(skep);
        services.AddSingleton(world.Client);
        services.AddSingleton(world.Client.Kinds);
        services.AddSingleton(new IdentityDirectory(world.Client));
        services.AddSingleton(certificates);
        services.AddSingleton(new PrometheusMetrics(name => name.StartsWith("Skep.", StringComparison.Ordinal)));
        services.AddSingleton<IDialect>(dialect);
        services.AddSingleton<IHostLifetime, NoLifetime>();
        services.AddGateway(options ?? new GatewayOptions());
        builder.WebHost.UseGateway(options ?? new GatewayOptions(), listener);
        var app = builder.Build();
        app.RunGateway();
        await app.StartAsync(ct);
        return new TestGateway(directory, world, certificates, credentials, app, port, dialect);
    }

    /// <summary>A client that trusts the gateway and presents a certificate if one is given.</summary>
    public HttpClient CreateClient(X509Certificate2? certificate = null, string? token = null)
    {
        var handler = new SocketsHttpHandler();
        // The certificate is judged at the test clock's time, which is not the machine's.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, served, _, _) =>
            Certificates.Authority.IsValidServer((X509Certificate2)served!, World.Clock.GetUtcNow());
        if (certificate is not null)
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        var client = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{Port}") };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    /// <summary>Stops the gateway, as the daemon does.</summary>
    public Task StopAsync(CancellationToken ct) => _app.StopAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        Certificates.Dispose();
        await _world.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Cli;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Observability;
using Skep.Core.Resources;
using Skep.Core.S3Client;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;
using Skep.Gateway;
using Skep.Linux;
using Skep.Linux.Processes;
using Skep.S3;

namespace Skep.Daemon;

/// <summary>
/// The daemon: opens the data directory and the store, brings both to where every cloud starts, then runs the rooms and
/// the gateway until told to stop.
/// </summary>
internal sealed partial class DaemonHost(DaemonOptions options, TimeProvider time, Func<string, string?> environment)
{
    private readonly IIdSource _ids = new RandomIdSource(fill: null);

    /// <summary>Runs until cancelled (SIGTERM, SIGINT).</summary>
    /// <exception cref="CliException">It cannot start; the message says why and what to do.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        SystemLibraries.Require();
        try
        {
            using var directory = DataDirectory.Open(options.DataDirectory, ProductVersion.Text, _ids);
            // First of all: nothing is begun when somebody else has the port, and clients that come early wait.
            using var listener = Listener.Open(options.Listen, "--listen");
            string? s3Problem = null;
            using var s3Listener = options.S3Listen?.TryOpen(out s3Problem);
            var state = NewState();
            try
            {
                state.Save(directory.FullPath);
                await RunAsync(directory, listener, s3Listener, s3Problem, state, ct);
            }
            finally
            {
                DaemonState.Remove(directory.FullPath);
            }
        }
        catch (Exception ex) when (ex is DataDirectoryException or IdentityException or IOException or UnauthorizedAccessException)
        {
            throw new CliException(ex.Message);
        }
    }

    private async Task RunAsync(DataDirectory directory, Socket listener, Socket? s3Listener, string? s3Problem, DaemonState state, CancellationToken ct)
    {
        var s3 = new S3Options();
        S3Location? backend = null;
        if (options.S3Backend is { } url && !S3Location.TryParseBuckets(url, out backend, out var problem))
            throw new CliException($"--s3-backend: {problem}");
        var rooms = Composition.CreateRooms(s3 with { Domains = [.. s3.Domains, .. options.S3Domains], LifecycleDay = options.S3LifecycleDay ?? s3.LifecycleDay, Upstream = backend });
        var kinds = new KindRegistry([.. CoreKinds.All, .. rooms.SelectMany(r => r.Kinds)]);
        await using var store = await ResourceStore.OpenAsync(KillingLog.Wrap(new SqliteLog(directory.FullPath, kinds), environment), ct);
        var resources = new ResourceClient(store, kinds, time, _ids);
        var skep = ToSkepOptions(directory);
        new NodeSettings { NodeName = options.NodeName, Simulated = options.IsSimulated }.Save(directory.FullPath);

        using var certificates = Certificates.Open(skep.PathOf("pki"), time, _ids);
        certificates.EnsureServer(LocalNames.Find(options.Listen.Address));
        var credentials = AdminCredentials.ReadOrCreate(skep.PathOf(AdminCredentials.FileName), skep.AccountId, skep.Region, _ids);
        await BootstrapResources.EnsureAsync(resources, credentials, ct);

        var endpoint = Listener.ClientEndPoint(listener);
        WriteKubeConfig(skep, certificates, endpoint);

        await using var app = Build(skep, rooms, resources, certificates, Listeners(listener, s3Listener));
        await DaemonServices.StartAsync(app, ct);
        var ready = state with
        {
            Ready = true,
            Address = endpoint.ToString(),
            Endpoint = $"https://{endpoint}",
            S3Endpoint = s3Listener is null ? null : options.S3Listen!.UrlOf(s3Listener),
        };
        // In this order: who reads the file and asks at once is told the same.
        app.Services.GetRequiredService<Readiness>().Set();
        ready.Save(directory.FullPath);
        var logger = app.Services.GetRequiredService<ILogger<DaemonHost>>();
        LogReady(logger, ProductVersion.Text, ready.Endpoint, directory.FullPath);
        if (s3Problem is not null)
            LogNoS3Port(logger, s3Problem);
        SystemdNotifier.Send(environment("NOTIFY_SOCKET"), "READY=1");

        await app.WaitForShutdownAsync(ct);
        LogStopped(logger);
        // Nobody asked: a part of the daemon failed, and said so in the log.
        if (!ct.IsCancellationRequested)
            throw new CliException("the daemon stopped because a part of it failed; its log says which");
    }

    private WebApplication Build(SkepOptions skep, IRoom[] rooms, ResourceClient resources, Certificates certificates, IReadOnlyList<GatewayListener> listeners)
    {
        // Empty: nothing is read from the environment or the working directory.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = skep.DataDirectory, ApplicationName = "skep" });
        DaemonLogging.Add(builder.Logging, skep.PathOf(JsonFileLoggerProvider.FileName), time);
        var services = builder.Services;
        DaemonServices.Add(services, skep, rooms, resources);
        services.AddSingleton(certificates);
        var gateway = new GatewayOptions();
        services.AddGateway(gateway);
        Composition.AddDialects(services);
        services.AddSingleton<IHostedService>(s => new CertificateRenewal(certificates, options.Listen.Address, time, s.GetRequiredService<ILogger<CertificateRenewal>>()));
        services.AddSingleton<IHostedService>(s => new ResidentMemory(s.GetRequiredService<IHostApplicationLifetime>(), time));
        builder.WebHost.UseGateway(gateway, listeners);
        var app = builder.Build();
        app.RunGateway();
        return app;
    }

    private List<GatewayListener> Listeners(Socket api, Socket? s3)
    {
        var listeners = new List<GatewayListener> { new(api) };
        if (s3 is not null)
            listeners.Add(new GatewayListener(s3, options.S3Listen!.IsTls, S3Options.DialectName));
        return listeners;
    }

    private static void WriteKubeConfig(SkepOptions skep, Certificates certificates, IPEndPoint endpoint)
    {
        var (certificatePem, keyPem) = certificates.EnsureAdmin();
        var text = KubeConfig.Write($"https://{endpoint}", certificates.Authority.CertificatePem, certificatePem, keyPem);
        var path = skep.PathOf(KubeConfig.FileName);
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(text))
            AtomicFile.Write(path, text, AtomicFile.OwnerOnly);
    }

    private SkepOptions ToSkepOptions(DataDirectory directory) => new()
    {
        DataDirectory = directory.FullPath,
        NodeName = options.NodeName,
        IsSimulated = options.IsSimulated,
        Acceleration = options.Acceleration,
        HostPrefix = directory.HostPrefix,
    };

    private DaemonState NewState() => new()
    {
        Pid = ProcessIdentity.Current.ProcessId,
        StartTicks = ProcessIdentity.Current.StartTicks,
        Version = ProductVersion.Text,
        Ready = false,
        NodeName = options.NodeName,
        Simulated = options.IsSimulated,
        StartTime = time.GetUtcNow(),
    };

    [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "skep {Version} is ready at {Endpoint}, data in {Directory}")]
    private static partial void LogReady(ILogger logger, string version, string endpoint, string directory);

    [LoggerMessage(EventId = 102, Level = LogLevel.Warning, Message = "S3 has no port of its own, only the API's: {Problem}")]
    private static partial void LogNoS3Port(ILogger logger, string problem);

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "stopped; instances go on running")]
    private static partial void LogStopped(ILogger logger);
}

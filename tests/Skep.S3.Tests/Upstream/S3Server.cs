using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Resources;
using Skep.Core.S3Client;
using Skep.Core.Store;
using Skep.Objects.Tests;
using Skep.Storage.Kinds;
using Skep.Testing;

namespace Skep.S3.Tests.Upstream;

/// <summary>Skep's own S3 on a loopback port, with the embedded store; small parts are allowed. What it does wrong is the test's to say.</summary>
internal sealed class S3Server : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private WebApplication? _app;

    /// <summary>Answers a request in place of the server, or lets it; null to let all.</summary>
    public Func<HttpContext, Func<Task>, Task>? Intercept { get; set; }

    /// <summary>Where it listens.</summary>
    public string Endpoint => _app!.Urls.Single();

    /// <summary>The access key that it knows.</summary>
    public SigV4Credentials Credentials { get; private set; } = null!;

    /// <summary>The URL of its buckets that begin with a prefix.</summary>
    public S3Location Location(string prefix = "", string more = "") =>
        S3Location.TryParseBuckets($"s3://{prefix}?endpoint={Endpoint}{more}", out var location, out var problem) ? location : throw new ArgumentException(problem);

    public static async Task<S3Server> StartAsync(TimeProvider time, CancellationToken ct, X509Certificate2? certificate = null)
    {
        var server = new S3Server();
        var room = new S3Room(new S3Options { PartBytesMin = 0 });
        var kinds = new KindRegistry([.. CoreKinds.All, .. room.Kinds, .. StorageKinds.All]);
        var store = await ResourceStore.OpenAsync(new MemoryLog(), ct);
        var resources = new ResourceClient(store, kinds, time, TestResources.SeededIds(1));
        var skep = new SkepOptions { DataDirectory = server._directory.Path, NodeName = "node", HostPrefix = "t" };
        var admin = AdminCredentials.ReadOrCreate(skep.PathOf("credentials.json"), skep.AccountId, skep.Region, resources.Ids);
        await BootstrapResources.EnsureAsync(resources, admin, ct);
        server.Credentials = new SigV4Credentials(admin.AccessKeyId, admin.SecretAccessKey, SessionToken: null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel =>
        {
            kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.UTF8;
            if (certificate is not null)
                kestrel.ConfigureEndpointDefaults(endpoint => endpoint.UseHttps(certificate));
        });
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration().UseUrls("https://127.0.0.1:0");
        builder.Services.AddSingleton(time).AddSingleton(store).AddSingleton(resources).AddSingleton(resources.Ids).AddSingleton(new IdentityDirectory(resources)).AddSingleton(skep);
        room.AddServices(builder.Services, skep);
        var app = server._app = builder.Build();
        var dialect = app.Services.GetRequiredService<IDialect>();
        app.Run(http => server.Intercept is { } intercept ? intercept(http, () => dialect.HandleAsync(http, principal: null)) : dialect.HandleAsync(http, principal: null));
        await app.StartAsync(ct);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        _directory.Dispose();
    }
}

using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Skep.Cli.Client;
using Skep.Cli.Output;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Resources;

namespace Skep.Tests.Cli;

/// <summary>
/// A server that speaks the daemon's protocols over TLS with a CA of its own, on a data directory like the daemon's. Its
/// resources are kept as they are written; nothing acts on them.
/// </summary>
internal sealed class FakeCloud : IAsyncDisposable
{
    public static readonly IReadOnlyList<ApiResource> Kinds =
    [
        ApiResource.Instances with { ShortNames = ["vm", "vms"] }, ApiResource.Images, ApiResource.ImageImports, ApiResource.KeyPairs,
        ApiResource.Volumes, ApiResource.Snapshots, ApiResource.SnapshotVerifications, ApiResource.StoragePools, ApiResource.InstanceTypes, ApiResource.Events, new("", "v1", "configmaps", "ConfigMap", IsNamespaced: true) { ShortNames = ["cm"] },
        new("", "v1", "events2", "Twin", IsNamespaced: true), new("other.skep.dev", "v1", "twins", "Twin", IsNamespaced: true),
        new("more.skep.dev", "v1", "pairs", "Pair", IsNamespaced: true), new("other.skep.dev", "v1", "pairs", "Pair", IsNamespaced: true),
    ];

    private readonly TempDirectory _data = new();
    private readonly Certificates _certificates;
    private readonly WebApplication _app;
    private readonly FakeResources _resources = new();

    private FakeCloud(WebApplication app, Certificates certificates)
    {
        _app = app;
        _certificates = certificates;
    }

    public string DataDirectory => _data.Path;

    public FakeEc2 Ec2 { get; } = new();

    /// <summary>"METHOD /path?query" of every request, in order.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Answers a request instead of the store; returns false to let the store answer.</summary>
    public Func<HttpContext, Task<bool>> Override { get; set; } = _ => Task.FromResult(false);

    public FakeResources Resources => _resources;

    public CliRun Cli => new(DataDirectory);

    public static async Task<FakeCloud> StartAsync(bool simulated = false)
    {
        var pki = Directory.CreateTempSubdirectory("skep-pki-").FullName;
        var certificates = Certificates.Open(pki, TimeProvider.System, new RandomIdSource(null));
        certificates.EnsureServer(new ServerNames("skep", ["localhost"], [IPAddress.Loopback]));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(certificates.Server)));
        var app = builder.Build();
        var cloud = new FakeCloud(app, certificates);
        app.Run(cloud.HandleAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var endpoint = app.Urls.Single().Replace("[::]", "127.0.0.1", StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(cloud.DataDirectory, "pki"));
        File.Copy(Path.Combine(pki, "ca.crt"), Path.Combine(cloud.DataDirectory, "pki", "ca.crt"));
        Directory.Delete(pki, recursive: true);
        cloud._data.File("daemon.json", $$"""{"pid":1,"ready":true,"address":"{{new Uri(endpoint).Authority}}","endpoint":"{{endpoint}}","simulated":{{(simulated ? "true" : "false")}}}""");
        var credentials = AdminCredentials.ReadOrCreate(Path.Combine(cloud.DataDirectory, AdminCredentials.FileName), "123456789012", "us-east-1", new RandomIdSource(null));
        cloud.Ec2.Credentials = credentials;
        return cloud;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificates.Dispose();
        _data.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        lock (Requests)
            Requests.Add($"{request.Method} {request.Path}{request.QueryString}");
        if (await Override(context))
            return;
        if (request is { Method: "POST", Path.Value: "/" })
        {
            await Ec2.HandleAsync(context);
            return;
        }

        var isKnown = request.Headers.Authorization == $"Bearer {Ec2.Credentials!.Token}";
        if (request.Path == "/livez")
            await context.Response.WriteAsync("ok\n");
        else if (!isKnown)
            await FakeResources.StatusAsync(context, 401, "Unauthorized", "who are you?");
        else if (Discover(request.Path.Value!) is { } discovery)
            await WriteAsync(context, discovery);
        else
            await _resources.HandleAsync(context);
    }

    internal static async Task WriteAsync(HttpContext context, JsonNode json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(JsonText.Utf8(json), context.RequestAborted);
    }

    private static JsonObject? Discover(string path)
    {
        if (path == "/apis")
        {
            return new JsonObject
            {
                ["groups"] = new JsonArray([.. Kinds.Select(k => k.Group).Where(g => g.Length > 0).Distinct().Select(g => (JsonNode)new JsonObject
                {
                    ["name"] = g, ["preferredVersion"] = new JsonObject { ["version"] = "v1" },
                })]),
            };
        }

        var found = Kinds.Where(k => k.Path(null) == $"{path}/{k.Plural}").ToList();
        return found.Count == 0 ? null : new JsonObject
        {
            ["resources"] = new JsonArray([.. found.Select(k => (JsonNode)new JsonObject
            {
                ["name"] = k.Plural, ["kind"] = k.Kind, ["singularName"] = k.Singular, ["namespaced"] = k.IsNamespaced,
                ["shortNames"] = new JsonArray([.. k.ShortNames.Select(s => (JsonNode)s)]), ["verbs"] = new JsonArray("get", "list"),
            })]),
        };
    }
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Kubernetes.Tests;

/// <summary>The dialect behind a real HTTP server on a loopback port, over resources in memory.</summary>
public sealed class ApiHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly List<(string Part, TaskCompletionSource Seen)> _expected = [];
    private bool _isStoreStopped;

    private ApiHost(WebApplication application, TestResources resources)
    {
        _application = application;
        Resources = resources;
        Address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new HttpClient { BaseAddress = new Uri(Address) };
    }

    /// <summary>Who may do everything.</summary>
    public static Principal Admin { get; } =
        new("admin", "123456789012", "default", "arn:aws:iam::123456789012:user/admin", "AIDAADMIN", [Principal.MastersGroup]);

    /// <summary>Who may read the namespace "default".</summary>
    public static Principal Reader { get; } =
        new("reader", "123456789012", "default", "arn:aws:iam::123456789012:user/reader", "AIDAREADER", []);

    /// <summary>Whom the next requests come from.</summary>
    public Principal? Principal { get; set; } = Admin;

    public TestResources Resources { get; }
    public string Address { get; }
    public HttpClient Http { get; }

    /// <summary>Starts one with the dialect alone: nothing changes but by requests.</summary>
    public static Task<ApiHost> StartAsync(CancellationToken ct) => StartAsync(hasControllers: false, ct);

    /// <summary>Starts one; with controllers, deleted namespaces empty themselves and dependents are collected.</summary>
    public static async Task<ApiHost> StartAsync(bool hasControllers, CancellationToken ct)
    {
        var resources = await TestResources.CreateAsync(PlainKinds.All, ct);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(o =>
        {
            o.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http1);
            o.Limits.MaxRequestBodySize = null;
        });
        if (hasControllers)
        {
            builder.Services.AddLogging();
            builder.Services.AddSingleton(TimeProvider.System).AddSingleton(resources.Client).AddSingleton(resources.Store)
                .AddSingleton(resources.Client.Kinds).AddSingleton(resources.Client.Ids).AddCoreControllers();
        }

        var application = builder.Build();
        var dialect = new KubernetesDialect(resources.Client, new GroupAuthorizer(resources.Client.Kinds), NullLogger<KubernetesDialect>.Instance);
        ApiHost? host = null;
        application.Run(context =>
        {
            host!.Announce($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            return dialect.Claims(context)
                ? dialect.HandleAsync(context, host.Principal)
                : throw new InvalidOperationException($"nobody claims {context.Request.Path}");
        });
        await application.StartAsync(ct);
        return host = new ApiHost(application, resources);
    }

    /// <summary>Sends a request and reads a JSON answer.</summary>
    public async Task<(int Code, JsonObject Body)> SendAsync(
        string method, string path, string? body = null, string contentType = "application/json", string? accept = null)
    {
        using var response = await SendRawAsync(method, path, body is null ? null : Encoding.UTF8.GetBytes(body), contentType, accept);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, (JsonObject)JsonNode.Parse(text)!);
    }

    /// <summary>Sends a request.</summary>
    public async Task<HttpResponseMessage> SendRawAsync(
        string method, string path, byte[]? body = null, string contentType = "application/json", string? accept = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    /// <summary>Completes when a request comes whose method, path and query contain a text.</summary>
    public Task RequestSeen(string part)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_expected)
            _expected.Add((part, seen));
        return seen.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    private void Announce(string request)
    {
        lock (_expected)
            _expected.RemoveAll(e => request.Contains(e.Part, StringComparison.Ordinal) && e.Seen.TrySetResult());
    }

    /// <summary>Stops the store under the running server.</summary>
    public async Task StopStoreAsync()
    {
        if (!_isStoreStopped)
            await Resources.DisposeAsync();
        _isStoreStopped = true;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await StopStoreAsync();
        await _application.DisposeAsync();
    }
}

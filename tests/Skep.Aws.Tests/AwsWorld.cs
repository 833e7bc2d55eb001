using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Skep.Compute;
using Skep.Compute.Kinds;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Reconcile;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Networking;
using Skep.Networking.Controllers;
using Skep.Scheduling;
using Skep.Storage;
using Skep.Storage.Direct;
using Skep.Storage.Snapshots;
using Skep.Testing;

namespace Skep.Aws.Tests;

/// <summary>
/// The AWS dialect on a loopback port, over resources in memory: one account, one user, one node, a few instance types
/// and one image. Nothing runs the instances unless a test adds a <see cref="SimulatedAgent"/>.
/// </summary>
public sealed class AwsWorld : IAsyncDisposable
{
    public const string AccessKeyId = "AKIASKEPTESTKEY00001";
    public const string SecretAccessKey = "skeptestsecretkeyskeptestsecretkey000001";
    public const string Region = "us-east-1";
    public const string AccountId = "123456789012";
    public const string ImageId = "ami-0123456789abcdef0";
    public const string NodeName = "node-a";

    private readonly WebApplication _app;
    private readonly ResourceStore _store;
    private readonly HttpClient _http = new();

    private AwsWorld(WebApplication app, ResourceStore store, ResourceClient client, TimeProvider clock)
    {
        _app = app;
        _store = store;
        Client = client;
        Clock = clock;
        Endpoint = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public ResourceClient Client { get; }
    public TimeProvider Clock { get; }
    public Uri Endpoint { get; }
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts one; system tests give the real clock, since real clients sign with it.</summary>
    public static async Task<AwsWorld> StartAsync(CancellationToken ct, TimeProvider? time = null)
    {
        var clock = time ?? new TestClock();
        var options = new SkepOptions
        {
            DataDirectory = Path.Combine(Path.GetTempPath(), "skep-aws-tests"), NodeName = NodeName, HostPrefix = "skA00", IsSimulated = true,
        };
        IRoom[] rooms = [new ComputeRoom(), new NetworkingRoom(), new StorageRoom(), new AwsRoom()];
        var kinds = new KindRegistry([.. CoreKinds.All, .. rooms.SelectMany(r => r.Kinds)]);
        var store = await ResourceStore.OpenAsync(new MemoryLog(), ct);
        var client = new ResourceClient(store, kinds, clock, time is null ? TestResources.SeededIds(1) : new RandomIdSource(fill: null));
        await SeedAsync(client, ct);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(client);
        builder.Services.AddSingleton(store);
        builder.Services.AddSingleton(kinds);
        builder.Services.AddSingleton(client.Ids);
        builder.Services.AddSingleton<IdentityDirectory>();
        builder.Services.AddSingleton<IAuthorizer, GroupAuthorizer>();
        builder.Services.AddSingleton<RegionDefaults>();
        builder.Services.AddSingleton<Placement>();
        builder.Services.AddSingleton<SnapshotStores>();
        builder.Services.AddSingleton<DirectSnapshots>();
        new AwsRoom().AddServices(builder.Services, options);
        var app = builder.Build();
        app.Run(async context =>
        {
            var dialect = context.RequestServices.GetRequiredService<IDialect>();
            if (dialect.Claims(context))
                await dialect.HandleAsync(context, principal: null);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        });
        await app.StartAsync(ct);
        return new AwsWorld(app, store, client, clock);
    }

    /// <summary>Lets the reconcilers of the dialect rest, so that a test can run one of them step by step.</summary>
    public async Task StopReconcilersAsync(CancellationToken ct)
    {
        foreach (var host in _app.Services.GetServices<IHostedService>().OfType<ReconcilerHost>())
            await host.StopAsync(ct);
    }

    /// <summary>A signed EC2 call that must succeed.</summary>
    public async Task<XElement> Ec2Async(string action, CancellationToken ct, params (string Name, string Value)[] parameters)
    {
        var (status, xml) = await CallAsync("ec2", action, ct, parameters);
        return status == HttpStatusCode.OK ? Plain(xml) : throw new InvalidOperationException($"{action}: {status} {xml}");
    }

    /// <summary>The error code of a signed EC2 call that must fail.</summary>
    public async Task<string> Ec2ErrorAsync(string action, CancellationToken ct, params (string Name, string Value)[] parameters)
    {
        var (status, xml) = await CallAsync("ec2", action, ct, parameters);
        return status == HttpStatusCode.OK ? throw new InvalidOperationException($"{action} succeeded: {xml}") : xml.Descendants().Single(e => e.Name.LocalName == "Code").Value;
    }

    /// <summary>A signed call.</summary>
    public async Task<(HttpStatusCode Status, XElement Xml)> CallAsync(string service, string action, CancellationToken ct, params (string Name, string Value)[] parameters)
    {
        var form = new StringBuilder($"Action={action}&Version={(service == "ec2" ? "2016-11-15" : "2011-06-15")}");
        foreach (var (name, value) in parameters)
            form.Append('&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        using var response = await SendAsync(service, Encoding.UTF8.GetBytes(form.ToString()), ct);
        return (response.StatusCode, XElement.Parse(await response.Content.ReadAsStringAsync(ct)));
    }

    /// <summary>Signs a body and posts it.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        string service, byte[] body, CancellationToken ct, SigV4Credentials? credentials = null, DateTimeOffset? date = null, string region = Region)
    {
        var signed = new SigV4Request(
            "POST", "/", "",
            [new("Host", Endpoint.Authority), new("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")],
            Convert.ToHexStringLower(SHA256.HashData(body)));
        var added = SigV4Signer.Sign(signed, credentials ?? new SigV4Credentials(AccessKeyId, SecretAccessKey, SessionToken: null), region, service, date ?? Clock.GetUtcNow());
        return await SendAsync(body, added, ct);
    }

    /// <summary>Posts a body with the headers given.</summary>
    public async Task<HttpResponseMessage> SendAsync(byte[] body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request, ct);
    }

    /// <summary>A signed request of a REST protocol.</summary>
    public async Task<HttpResponseMessage> SendRestAsync(
        string service, HttpMethod method, string path, string query, ReadOnlyMemory<byte> body, CancellationToken ct, params (string Name, string Value)[] headers)
    {
        var given = headers.Select(h => KeyValuePair.Create(h.Name, h.Value)).ToList();
        var signed = new SigV4Request(method.Method, path, query, [new("Host", Endpoint.Authority), .. given], Convert.ToHexStringLower(SHA256.HashData(body.Span)));
        var added = SigV4Signer.Sign(signed, new SigV4Credentials(AccessKeyId, SecretAccessKey, SessionToken: null), Region, service, Clock.GetUtcNow());
        using var request = new HttpRequestMessage(method, new Uri(Endpoint, path + (query.Length > 0 ? "?" + query : ""))) { Content = body.IsEmpty ? null : new ReadOnlyMemoryContent(body) };
        foreach (var (name, value) in given.Concat(added))
            request.Headers.TryAddWithoutValidation(name, value);
        return await _http.SendAsync(request, ct);
    }

    /// <summary>A plain GET of a target.</summary>
    public Task<HttpResponseMessage> GetAsync(string target, CancellationToken ct) => _http.GetAsync(new Uri(Endpoint, target), ct);

    /// <summary>Launches instances of the seeded image and returns their ids.</summary>
    public async Task<List<string>> RunAsync(CancellationToken ct, int count = 1, params (string Name, string Value)[] more)
    {
        (string Name, string Value)[] usual = [("ImageId", ImageId), ("InstanceType", "t3.micro"), ("MinCount", $"{count}"), ("MaxCount", $"{count}")];
        var answer = await Ec2Async("RunInstances", ct, [.. usual.Where(u => more.All(m => m.Name != u.Name)), .. more]);
        return [.. answer.Descendants("instanceId").Select(e => e.Value)];
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static async Task SeedAsync(ResourceClient client, CancellationToken ct)
    {
        await client.CreateAsync(CoreKinds.Namespace, new Namespace { Metadata = { Name = "default" } }, ct);
        await client.CreateAsync(CoreKinds.Account, new Account { Metadata = { Name = AccountId }, Spec = { AccountId = AccountId, Namespace = "default" } }, ct);
        await client.CreateAsync(
            CoreKinds.User,
            new User
            {
                Metadata = { Name = "admin", Namespace = "default" },
                Spec = { UserId = "AIDA0123456789ABCDEFG", Arn = $"arn:aws:iam::{AccountId}:user/admin", Groups = [Principal.MastersGroup] },
            },
            ct);
        await AddAccessKeyAsync(client, AccessKeyId, SecretAccessKey, ct);
        await client.CreateAsync(
            CoreKinds.Node,
            new Node
            {
                Metadata = { Name = NodeName },
                Status = new NodeStatus
                {
                    Phase = "Ready",
                    Conditions = [new Condition { Type = "Ready", Status = "True" }],
                    NodeInfo = new NodeSystemInfo { Acceleration = "simulated" },
                    Capacity = new NodeResources { Cpu = "64", Memory = $"{256L << 30}" },
                    Allocatable = new NodeResources { Cpu = "64", Memory = $"{256L << 30}" },
                },
            },
            ct);
        foreach (var (name, cpus, mib) in ((string, int, long)[])[("t3.nano", 2, 512), ("t3.micro", 2, 1_024), ("t3.small", 2, 2_048), ("m5.large", 2, 8_192), ("m5.24xlarge", 96, 393_216)])
        {
            if (client.View.Get(ComputeKinds.InstanceType, "", name) is null)
                await client.CreateAsync(ComputeKinds.InstanceType, new InstanceType { Metadata = { Name = name }, Spec = { VCpus = cpus, MemoryMib = mib, Burstable = name.StartsWith("t3", StringComparison.Ordinal) } }, ct);
        }

        await client.CreateAsync(
            ComputeKinds.Image,
            new Image
            {
                Metadata = { Name = ImageId, Namespace = "default" },
                Spec = { Name = "debian-12", SizeBytes = 2L << 30, IsSimulated = true, Public = true },
                Status = new ImageStatus { State = "available" },
            },
            ct);
    }

    /// <summary>Adds an access key of the user admin.</summary>
    public static Task AddAccessKeyAsync(ResourceClient client, string id, string secret, CancellationToken ct, string? sessionToken = null, DateTimeOffset? expires = null) =>
        client.CreateAsync(
            CoreKinds.AccessKey,
            new AccessKey
            {
                Metadata = { Name = id.ToLowerInvariant() },
                Spec =
                {
                    AccessKeyId = id, SecretAccessKey = secret, Namespace = "default", UserName = "admin", Expires = expires,
                    SessionTokenSha256 = sessionToken is null ? null : IdentityDirectory.HashOf(sessionToken),
                },
            },
            ct);

    /// <summary>Drops the namespace, so that tests name elements as the models do.</summary>
    private static XElement Plain(XElement element) =>
        new(element.Name.LocalName, element.Attributes().Where(a => !a.IsNamespaceDeclaration), element.Nodes().Select(n => n is XElement e ? Plain(e) : n));
}

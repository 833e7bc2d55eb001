using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Skep.Core.Identity;

namespace Skep.Testing;

/// <summary>
/// An S3 with one bucket on a loopback port: PUT with If-None-Match, ranged GET, HEAD, DELETE, ListObjectsV2 in path style.
/// Checks signatures and payload hashes. What it does wrong on demand is in its properties.
/// </summary>
public sealed class FakeS3 : IAsyncDisposable
{
    public const string Bucket = "blocks";
    public static readonly SigV4Credentials Credentials = new("AKIDFAKE", "fake-secret", SessionToken: null);

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    private FakeS3(WebApplication app) => _app = app;

    /// <summary>Objects by key.</summary>
    public ConcurrentDictionary<string, byte[]> Objects => _objects;

    /// <summary>Requests so far, as "METHOD /path".</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Ports that requests came from, by "METHOD /path".</summary>
    public ConcurrentDictionary<string, int> Connections { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers a request in place of the server; true when it did.</summary>
    public Func<HttpContext, Task<bool>>? Intercept { get; set; }

    /// <summary>Takes every PUT, whatever its condition says.</summary>
    public bool IgnoresConditions { get; set; }

    /// <summary>Answers ranged GETs with 200 and the whole object.</summary>
    public bool IgnoresRanges { get; set; }

    /// <summary>Objects on a page of a list.</summary>
    public int PageSize { get; set; } = 1_000;

    /// <summary>Where it listens: http://127.0.0.1:PORT.</summary>
    public string Endpoint => _app.Urls.Single();

    /// <summary>The URL of a store in it.</summary>
    public string Url(string prefix = "") => $"s3://{Bucket}/{prefix}?endpoint={Uri.EscapeDataString(Endpoint)}&region=home-1";

    public static async Task<FakeS3> StartAsync(CancellationToken ct, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Limits.MaxRequestBodySize = null;
            k.Listen(IPAddress.Loopback, 0, l => Secure(l, certificate));
        });
        var app = builder.Build();
        var server = new FakeS3(app);
        app.Run(server.ServeAsync);
        await app.StartAsync(ct);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>An error document, as S3 writes it.</summary>
    public static Task FailAsync(HttpContext context, int status, string code, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{SecurityElement.Escape(message)}</Message><Resource>/x</Resource></Error>", context.RequestAborted);
    }

    private static void Secure(ListenOptions listen, X509Certificate2? certificate)
    {
        if (certificate is not null)
            listen.UseHttps(certificate);
    }

    private async Task ServeAsync(HttpContext context)
    {
        // As sent: Kestrel's Path has no dot segments, which keys may have.
        var path = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0];
        var name = $"{context.Request.Method} {path}";
        Requests.Enqueue(name);
        Connections[name] = context.Connection.RemotePort;
        if (Intercept is { } intercept && await intercept(context))
            return;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (CheckSignature(context, body.ToArray()) is { } problem)
        {
            await FailAsync(context, 403, "SignatureDoesNotMatch", problem);
            return;
        }

        if (path != $"/{Bucket}" && !path.StartsWith($"/{Bucket}/", StringComparison.Ordinal))
        {
            await FailAsync(context, 404, "NoSuchBucket", "The specified bucket does not exist");
            return;
        }

        var key = path.Length > Bucket.Length + 2 ? path[(Bucket.Length + 2)..] : "";
        await (context.Request.Method switch
        {
            "PUT" => PutAsync(context, key, body.ToArray()),
            "DELETE" => DeleteAsync(context, key),
            "GET" when key.Length == 0 => ListAsync(context),
            _ => GetAsync(context, key),
        });
    }

    private Task PutAsync(HttpContext context, string key, byte[] content)
    {
        if (context.Request.Headers.IfNoneMatch != "*" || IgnoresConditions)
        {
            _objects[key] = content;
            return Task.CompletedTask;
        }

        return _objects.TryAdd(key, content)
            ? Task.CompletedTask
            : FailAsync(context, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    }

    private Task DeleteAsync(HttpContext context, string key)
    {
        _objects.TryRemove(key, out _);
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private async Task GetAsync(HttpContext context, string key)
    {
        if (!_objects.TryGetValue(key, out var content))
        {
            await FailAsync(context, 404, "NoSuchKey", "The specified key does not exist.");
            return;
        }

        var (first, last) = (0, content.Length - 1);
        if (context.Request.Headers.Range.ToString() is { Length: > 0 } range && !IgnoresRanges)
        {
            var bounds = range["bytes=".Length..].Split('-');
            first = int.Parse(bounds[0], CultureInfo.InvariantCulture);
            if (first >= content.Length)
            {
                await FailAsync(context, 416, "InvalidRange", "The requested range is not satisfiable");
                return;
            }

            last = Math.Min(last, int.Parse(bounds[1], CultureInfo.InvariantCulture));
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {first}-{last}/{content.Length}";
        }

        context.Response.ContentLength = last - first + 1;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(content.AsMemory(first, last - first + 1), context.RequestAborted);
    }

    private Task ListAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var prefix = query["prefix"].ToString();
        var after = query["continuation-token"].ToString() is { Length: > 0 } token ? token : query["start-after"].ToString();
        var found = _objects
            .Where(o => o.Key.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(o.Key, after) > 0)
            .OrderBy(o => o.Key, StringComparer.Ordinal)
            .ToList();
        var page = found.Take(PageSize).ToList();
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        text.Append(CultureInfo.InvariantCulture, $"<Name>{Bucket}</Name><Prefix>{prefix}</Prefix><KeyCount>{page.Count}</KeyCount><IsTruncated>{(page.Count < found.Count ? "true" : "false")}</IsTruncated>");
        foreach (var (key, content) in page)
            text.Append(CultureInfo.InvariantCulture, $"<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>{content.Length}</Size><Owner><ID>a</ID></Owner></Contents>");
        if (page.Count < found.Count)
            text.Append(CultureInfo.InvariantCulture, $"<NextContinuationToken>{page[^1].Key}</NextContinuationToken>");
        return context.Response.WriteAsync(text.Append("</ListBucketResult>").ToString(), context.RequestAborted);
    }

    private static string? CheckSignature(HttpContext context, byte[] body)
    {
        var parts = context.Request.Headers.Authorization.ToString()[(SigV4.Algorithm.Length + 1)..]
            .Split(", ").Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        if (!SigV4Scope.TryParse(parts["Credential"], out var scope))
            return "no scope";
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        if (context.Request.Headers["X-Amz-Content-Sha256"] != hash)
            return "the payload's hash is another";
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var request = new SigV4Request(
            context.Request.Method,
            question < 0 ? target : target[..question],
            question < 0 ? "" : target[(question + 1)..],
            [.. context.Request.Headers.Select(h => KeyValuePair.Create(h.Key, h.Value.ToString()))],
            hash);
        var expected = SigV4.Signature(request, parts["SignedHeaders"].Split(';'), scope, context.Request.Headers["X-Amz-Date"].ToString(), Credentials.SecretAccessKey);
        return expected == parts["Signature"] ? null : $"signature of {context.Request.GetEncodedPathAndQuery()}";
    }
}

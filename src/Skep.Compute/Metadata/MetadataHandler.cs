using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Skep.Compute.Kinds;

namespace Skep.Compute.Metadata;

/// <summary>
/// Answers the instance metadata protocol (IMDS, versions 1 and 2) as EC2 documents it. Who asks is known from the
/// source address within the VPC's namespace.
/// </summary>
internal sealed partial class MetadataHandler(InstanceMetadata metadata, SessionTokens tokens)
{
    private const string TokenHeader = "X-aws-ec2-metadata-token";
    private const string TtlHeader = "X-aws-ec2-metadata-token-ttl-seconds";

    // Any dated version answers like the latest; clients probe the ones they know.
    private static readonly string[] _versions = ["1.0", "2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest"];

    /// <summary>Handles one request that arrived in a namespace.</summary>
    public async Task HandleAsync(HttpContext context, string networkNamespace)
    {
        var remote = context.Connection.RemoteIpAddress?.MapToIPv4().ToString() ?? "";
        if (metadata.FindInstance(networkNamespace, remote) is not { } instance)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var options = instance.Spec.MetadataOptions;
        if (options.HttpEndpoint == "disabled")
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (HttpMethods.IsPut(context.Request.Method))
        {
            await IssueTokenAsync(context, instance);
            return;
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        string? token = context.Request.Headers[TokenHeader];
        if (token is null ? options.HttpTokens == "required" : !tokens.IsValid(instance.Metadata.Name, token))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        await metadata.MarkReachableAsync(instance, context.RequestAborted);
        await AnswerAsync(context, instance);
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body, string contentType)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    [GeneratedRegex(@"^(?:latest|1\.0|[0-9]{4}-[0-9]{2}-[0-9]{2})$", RegexOptions.NonBacktracking)]
    private static partial Regex Version();

    private async Task IssueTokenAsync(HttpContext context, Instance instance)
    {
        if (context.Request.Path != "/latest/api/token")
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        // A request that came through a proxy would hand the token to whoever can make the proxy speak.
        if (context.Request.Headers.ContainsKey("X-Forwarded-For"))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (!int.TryParse(context.Request.Headers[TtlHeader], out var ttlSeconds) || ttlSeconds is < 1 or > SessionTokens.TtlMaxSeconds)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        // The hop limit is the TTL of the packets that carry the token: it dies on the way to anything further off.
        if (context.Features.Get<IConnectionSocketFeature>() is { Socket: var socket })
            socket.Ttl = (short)instance.Spec.MetadataOptions.HttpPutResponseHopLimit;
        context.Response.Headers[TtlHeader] = ttlSeconds.ToString();
        await WriteAsync(context, Encoding.ASCII.GetBytes(tokens.Create(instance.Metadata.Name, ttlSeconds)), "text/plain");
    }

    private async Task AnswerAsync(HttpContext context, Instance instance)
    {
        var path = (context.Request.Path.Value ?? "/").TrimStart('/');
        if (path.Length == 0)
        {
            await WriteAsync(context, Encoding.UTF8.GetBytes(string.Join('\n', _versions)), "text/plain");
            return;
        }

        var slash = path.IndexOf('/');
        var version = slash < 0 ? path : path[..slash];
        var rest = slash < 0 ? "" : path[(slash + 1)..];
        if (!Version().IsMatch(version))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var userData = metadata.UserData(instance);
        if (rest.TrimEnd('/') == "user-data")
        {
            if (userData is { } bytes)
                await WriteAsync(context, bytes, "application/octet-stream");
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var tree = metadata.Tree(instance);
        if (userData is not null)
            tree.Add("user-data", "");
        if (tree.Find(rest) is { } text)
            await WriteAsync(context, Encoding.UTF8.GetBytes(text), rest.StartsWith("dynamic/", StringComparison.Ordinal) ? "application/json" : "text/plain");
        else
            context.Response.StatusCode = StatusCodes.Status404NotFound;
    }
}

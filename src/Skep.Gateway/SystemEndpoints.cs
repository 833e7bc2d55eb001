using System.Buffers;
using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Observability;

namespace Skep.Gateway;

/// <summary>
/// What the gateway answers itself: <c>/livez</c> and <c>/ca.crt</c> to anybody, <c>/readyz</c> to whoever is known,
/// <c>/metrics</c> to whom the authorizer lets.
/// </summary>
public sealed class SystemEndpoints(
    CertificateAuthority authority,
    Readiness readiness,
    IAuthorizer authorizer,
    PrometheusMetrics metrics)
{
    private const string PlainText = "text/plain; charset=utf-8";

    /// <summary>Whether a request is for one of them.</summary>
    public static bool Claims(HttpRequest request) =>
        request.Path.Value is "/livez" or "/ca.crt" or "/readyz" or "/metrics"
        // Signed ones may mean a bucket of that name.
        && !request.Headers.Authorization.ToString().StartsWith(SigV4.Algorithm, StringComparison.Ordinal)
        && !request.Query.ContainsKey("X-Amz-Algorithm");

    /// <summary>Answers it.</summary>
    public Task HandleAsync(HttpContext context, Principal? principal)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return TextAsync(context, StatusCodes.Status405MethodNotAllowed, $"{context.Request.Path} answers GET only\n");
        }

        return context.Request.Path.Value switch
        {
            "/livez" => TextAsync(context, StatusCodes.Status200OK, "ok\n"),
            "/ca.crt" => CertificateAsync(context),
            "/readyz" when principal is null => UnauthorizedAsync(context),
            "/readyz" => readiness.IsReady
                ? TextAsync(context, StatusCodes.Status200OK, "ok\n")
                : TextAsync(context, StatusCodes.Status503ServiceUnavailable, "starting or stopping\n"),
            _ when principal is null => UnauthorizedAsync(context),
            _ => MetricsAsync(context, principal),
        };
    }

    /// <summary>Says that nobody is signed in, and how to.</summary>
    public static Task UnauthorizedAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer realm=\"skep\"";
        return TextAsync(context, StatusCodes.Status401Unauthorized, "This is Skep. Sign in with a client certificate or a bearer token, or sign the request (AWS Signature Version 4): `skep env` prints what clients need.\n");
    }

    /// <summary>Answers in plain text.</summary>
    internal static Task TextAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = PlainText;
        context.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text, context.RequestAborted);
    }

    private Task CertificateAsync(HttpContext context)
    {
        context.Response.ContentType = "application/x-pem-file";
        return context.Response.WriteAsync(authority.CertificatePem + "\n", context.RequestAborted);
    }

    private async Task MetricsAsync(HttpContext context, Principal principal)
    {
        var decision = authorizer.Authorize(principal, new AuthorizationRequest { Verb = "get", Path = "/metrics" });
        if (!decision.IsAllowed)
        {
            await TextAsync(context, StatusCodes.Status403Forbidden, decision.Reason + "\n");
            return;
        }

        var text = new ArrayBufferWriter<byte>(64 * 1024);
        metrics.Write(text);
        context.Response.ContentType = PrometheusMetrics.ContentType;
        context.Response.ContentLength = text.WrittenCount;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(text.WrittenMemory, context.RequestAborted);
    }
}

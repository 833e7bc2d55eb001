using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;

namespace Skep.Gateway;

/// <summary>
/// The way of one request: an id and an audit record, who it is, the dialect that claims it, and a plain answer where no
/// dialect gave one.
/// </summary>
public sealed partial class GatewayPipeline(
    Authenticator authenticator,
    SystemEndpoints system,
    IEnumerable<IDialect> dialects,
    AuditLog audit,
    Drain drain,
    IIdSource ids,
    ILogger<GatewayPipeline> logger)
{
    private const int ClientClosedRequest = 499; // nginx's number for "the client went away"

    private readonly IDialect[] _dialects = [.. dialects];

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        context.TraceIdentifier = ids.NewUid();
        var record = RequestRecord.Begin(context, context.TraceIdentifier);
        using var aborting = drain.AbortWhenOver(context);
        var port = context.Features.Get<DialectPort>();
        if (port is null && SystemEndpoints.Claims(context.Request))
        {
            await system.HandleAsync(context, authenticator.Authenticate(context));
            return;
        }

        var start = audit.Start();
        try
        {
            record.Principal = authenticator.Authenticate(context);
            await DispatchAsync(context, record, port);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = ClientClosedRequest;
        }
        catch (BadHttpRequestException ex)
        {
            record.Reason ??= ex.Message;
            await FailAsync(context, ex.StatusCode, ex.Message);
        }
        catch (Exception ex)
        {
            LogFailed(ex, record.RequestId, context.Request.Method, context.Request.Path, record.Dialect);
            record.Reason ??= ex.GetType().Name;
            await FailAsync(context, StatusCodes.Status500InternalServerError, $"internal error; the daemon's log says more under request id {record.RequestId}");
        }
        finally
        {
            audit.Write(context, record, start);
        }
    }

    private Task DispatchAsync(HttpContext context, RequestRecord record, DialectPort? port)
    {
        foreach (var dialect in _dialects)
        {
            if (port is null ? !dialect.Claims(context) : dialect.Name != port.Dialect)
                continue;
            record.Dialect = dialect.Name;
            return dialect.HandleAsync(context, record.Principal);
        }

        if (record.Principal is null)
            return SystemEndpoints.UnauthorizedAsync(context);
        return SystemEndpoints.TextAsync(
            context,
            StatusCodes.Status404NotFound,
            $"""
             Nothing answers {context.Request.Method} {context.Request.Path} here. This is Skep; it answers
               the AWS APIs     requests signed with Signature Version 4 (aws --endpoint-url https://{context.Request.Host} …)
               the Kubernetes   API under /api, /apis, /openapi and /version (kubectl)
               and              /livez, /readyz, /metrics, /ca.crt

             """);
    }

    private static Task FailAsync(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            context.Abort(); // the client must not take half an answer for a whole one
            return Task.CompletedTask;
        }

        context.Response.Clear();
        return SystemEndpoints.TextAsync(context, status, message + "\n");
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Error, Message = "request {RequestId} {Method} {Path} failed in {Dialect}")]
    private partial void LogFailed(Exception exception, string requestId, string method, string path, string? dialect);
}

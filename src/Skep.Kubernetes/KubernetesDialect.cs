using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Access;
using Skep.Kubernetes.Discovery;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.OpenApi;
using Skep.Kubernetes.Requests;
using Skep.Kubernetes.Verbs;
using Skep.Kubernetes.Watches;

namespace Skep.Kubernetes;

/// <summary>
/// The resource API: every kind of the registry by Kubernetes' conventions, for kubectl and any other client of that
/// API. Claims /api, /apis, /version and /openapi. Thread-safe.
/// </summary>
public sealed partial class KubernetesDialect : IDialect
{
    private readonly ResourceClient _client;
    private readonly ILogger<KubernetesDialect> _logger;
    private readonly AccessRules _access;
    private readonly DiscoveryHandler _discovery;
    private readonly OpenApiHandler _openApi;
    private readonly ReviewHandler _reviews;
    private readonly GetVerb _get;
    private readonly ListVerb _list;
    private readonly WatchVerb _watch;
    private readonly WriteVerbs _writes;
    private readonly DeleteVerbs _deletes;

    /// <summary>Makes a dialect that serves the client's kinds to those whom the authorizer lets.</summary>
    public KubernetesDialect(ResourceClient client, IAuthorizer authorizer, ILogger<KubernetesDialect> logger)
    {
        var schemas = new SchemaCatalog();
        _client = client;
        _logger = logger;
        _access = new AccessRules(authorizer);
        _discovery = new DiscoveryHandler(client.Kinds);
        _openApi = new OpenApiHandler(client.Kinds, schemas);
        _reviews = new ReviewHandler(client.Kinds, _access);
        _get = new GetVerb(client);
        _list = new ListVerb(client, schemas);
        _watch = new WatchVerb(client, schemas);
        _writes = new WriteVerbs(client, schemas);
        _deletes = new DeleteVerbs(client, schemas);
    }

    /// <inheritdoc/>
    public string Name => "kubernetes";

    /// <inheritdoc/>
    public bool Claims(HttpContext context)
    {
        var path = context.Request.Path;
        return path.StartsWithSegments("/api", StringComparison.Ordinal)
            || path.StartsWithSegments("/apis", StringComparison.Ordinal)
            || path.StartsWithSegments("/openapi", StringComparison.Ordinal)
            || path.StartsWithSegments("/version", StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public async Task HandleAsync(HttpContext context, Principal? principal)
    {
        var record = RequestRecord.Of(context);
        context.Response.Headers["Audit-Id"] = record.RequestId;
        try
        {
            await RouteAsync(context, principal ?? throw ApiErrors.Unauthorized());
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away: there is nobody to answer.
        }
        catch (Exception ex)
        {
            await FailAsync(context, ex);
        }
    }

    private async Task RouteAsync(HttpContext context, Principal principal)
    {
        var path = (context.Request.Path.Value ?? "").Trim('/').Split('/');
        switch (path)
        {
            case ["openapi", ..]:
                RequireRead(context, principal);
                await _openApi.HandleAsync(context, path);
                break;
            case ["version"] or ["api"] or ["api", _] or ["apis"] or ["apis", _] or ["apis", _, _]:
                RequireRead(context, principal);
                await _discovery.HandleAsync(context, path);
                break;
            case ["api", var version, .. var rest]:
                await ResourceAsync(context, principal, "", version, rest);
                break;
            case ["apis", var group, var version, .. var rest]:
                if (group.Length > 0 && rest is [var plural] && ReviewKinds.Find(group, version, plural) is { } review)
                    await _reviews.HandleAsync(context, principal, review);
                else
                    await ResourceAsync(context, principal, group, version, rest);
                break;
            default:
                throw ApiErrors.UnknownPath();
        }
    }

    private async Task ResourceAsync(HttpContext context, Principal principal, string group, string version, string[] path)
    {
        var target = ResourcePath.Parse(path, isCore: group.Length == 0);
        if (target is null
            || !_client.Kinds.TryGet(new GroupResource(group, target.Plural), out var kind)
            || kind.Group != group || kind.Version != version
            || (kind.Scope is ResourceScope.Cluster && target.Namespace is not null)
            || (kind.Scope is ResourceScope.Namespaced && target.Namespace is null && target.Name.Length > 0)
            || target.Subresource is not null && !(target.Subresource == "status" && kind.HasStatus))
            throw ApiErrors.UnknownPath();
        var request = new ApiRequest
        {
            Http = context,
            Principal = principal,
            Kind = kind,
            Namespace = target.Namespace,
            Name = target.Name,
            Subresource = target.Subresource,
        };
        var (verb, handle) = target.Name.Length == 0 ? CollectionVerb(request) : ItemVerb(request);
        _access.Require(request, verb);
        try
        {
            await handle(request);
        }
        catch (ResourceException ex)
        {
            throw ApiErrors.From(ex, kind);
        }
    }

    private (string Verb, Func<ApiRequest, Task> Handle) CollectionVerb(ApiRequest request)
    {
        var isOneScope = request.Kind.Scope is ResourceScope.Cluster || request.Namespace is not null;
        return request.Http.Request.Method switch
        {
            "GET" => request.QueryFlag("watch") is true ? ("watch", _watch.HandleAsync) : ("list", _list.HandleAsync),
            "POST" when isOneScope => ("create", _writes.CreateAsync),
            "DELETE" when isOneScope => ("deletecollection", _deletes.DeleteCollectionAsync),
            _ => throw ApiErrors.MethodNotAllowed(),
        };
    }

    private (string Verb, Func<ApiRequest, Task> Handle) ItemVerb(ApiRequest request) => request.Http.Request.Method switch
    {
        "GET" => ("get", _get.HandleAsync),
        "PUT" => ("update", _writes.UpdateAsync),
        "PATCH" => ("patch", _writes.PatchAsync),
        "DELETE" when request.Subresource is null => ("delete", _deletes.DeleteAsync),
        _ => throw ApiErrors.MethodNotAllowed(),
    };

    private void RequireRead(HttpContext context, Principal principal)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            throw ApiErrors.MethodNotAllowed();
        _access.RequirePath(context, principal);
    }

    private async Task FailAsync(HttpContext context, Exception exception)
    {
        var failure = exception switch
        {
            ApiException api => api,
            ResourceException resource => ApiErrors.From(resource, kind: null),
            BadHttpRequestException { StatusCode: 413 } => ApiErrors.TooLarge(RequestBody.BytesMax),
            BadHttpRequestException bad => ApiErrors.BadRequest(bad.Message),
            _ => new ApiException(500, "InternalError", $"an internal error occurred; the server's log says more under request id {RequestRecord.Of(context).RequestId}"),
        };
        if (failure.Code == 500)
            LogFailure(RequestRecord.Of(context).RequestId, context.Request.Method, context.Request.Path, exception);
        if (context.Response.HasStarted)
        {
            // Half an answer must not look whole.
            context.Abort();
            return;
        }

        var record = RequestRecord.Of(context);
        record.Reason ??= failure.Reason;
        context.Response.Clear();
        context.Response.Headers["Audit-Id"] = record.RequestId;
        if (failure.Details?.RetryAfterSeconds is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString();
        await ResourceResponse.WriteJsonAsync(context, failure.Code, StatusDocument.Failure(failure));
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "request {RequestId} {Method} {Path} failed")]
    private partial void LogFailure(string requestId, string method, string path, Exception exception);
}

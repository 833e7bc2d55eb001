using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Authorization;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Access;

/// <summary>The one place where this dialect asks who may do what, and tells the audit record.</summary>
internal sealed class AccessRules(IAuthorizer authorizer)
{
    /// <summary>Verbs on resources, for the question "what may I do".</summary>
    public static IReadOnlyList<string> Verbs { get; } = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>Whether a principal may use a verb on a resource; "" where namespace, subresource and name are not given.</summary>
    public AuthorizationDecision Decide(Principal principal, string verb, GroupResource resource, string ns, string name, string subresource) =>
        authorizer.Authorize(principal, new AuthorizationRequest
        {
            Verb = verb,
            Resource = resource,
            Namespace = NullIfEmpty(ns),
            Name = NullIfEmpty(name),
            Subresource = NullIfEmpty(subresource),
        });

    /// <summary>Whether a principal may read a path that is no resource.</summary>
    public AuthorizationDecision Decide(Principal principal, string verb, string path) =>
        authorizer.Authorize(principal, new AuthorizationRequest { Verb = verb, Path = path });

    /// <summary>Refuses a request on resources that its principal may not make.</summary>
    /// <exception cref="ApiException">403.</exception>
    public void Require(ApiRequest request, string verb)
    {
        var kind = request.Kind;
        var record = RequestRecord.Of(request.Http);
        record.Action = request.Subresource is null ? $"{verb} {kind.GroupResource}" : $"{verb} {kind.GroupResource}/{request.Subresource}";
        record.Resource = request.Namespace is null ? request.Name : $"{request.Namespace}/{request.Name}";
        var decision = Decide(request.Principal, verb, kind.GroupResource, request.Namespace ?? "", request.Name, request.Subresource ?? "");
        if (decision.IsAllowed)
            return;
        record.Reason = decision.Reason;
        throw ApiErrors.Forbidden(request.Principal, verb, kind, request.Namespace, request.Name, request.Subresource, decision.Reason);
    }

    /// <summary>Refuses a read of a path that is no resource.</summary>
    /// <exception cref="ApiException">403.</exception>
    public void RequirePath(HttpContext http, Principal principal)
    {
        var path = http.Request.Path.Value ?? "/";
        RequestRecord.Of(http).Action = $"get {path}";
        var decision = Decide(principal, "get", path);
        if (!decision.IsAllowed)
            throw new ApiException(403, "Forbidden", $"forbidden: User \"{principal.Name}\" cannot get path \"{ApiRequest.Shorten(path)}\": {decision.Reason}");
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}

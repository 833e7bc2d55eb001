using Skep.Core.Resources;

namespace Skep.Core.Identity.Authorization;

/// <summary>
/// The rule until policies exist. Members of system:masters may do everything. Everybody else may read what is in the
/// namespace of their own account, except kinds that hold secrets, and may read paths that are no resource (discovery,
/// version). All the rest is refused.
/// </summary>
public sealed class GroupAuthorizer(KindRegistry kinds) : IAuthorizer
{
    /// <inheritdoc/>
    public AuthorizationDecision Authorize(Principal principal, AuthorizationRequest request)
    {
        if (principal.IsMaster)
            return AuthorizationDecision.Allow($"{principal.Name} is in {Principal.MastersGroup}");
        if (!request.IsRead)
            return AuthorizationDecision.Deny($"{principal.Name} may only read");
        if (request.Resource is not { } resource)
        {
            return request.Path is { } path && path != "/metrics"
                ? AuthorizationDecision.Allow("everybody may read what describes the API")
                : AuthorizationDecision.Deny($"{principal.Name} is not in {Principal.MastersGroup}");
        }

        // Subresources are more than reading: a console, a log with secrets in it, a shell.
        if (request.Subresource is not (null or "" or "status"))
            return AuthorizationDecision.Deny($"{principal.Name} may not use {resource}/{request.Subresource}");
        if (!kinds.TryGet(resource, out var kind) || kind.IsSensitive)
            return AuthorizationDecision.Deny($"{principal.Name} may not read {resource}");
        if (resource == CoreKinds.Namespace.GroupResource)
        {
            return request.Name == principal.Namespace && request.Verb == "get"
                ? AuthorizationDecision.Allow($"{principal.Name} may read the namespace it belongs to")
                : AuthorizationDecision.Deny($"{principal.Name} may only read namespace {principal.Namespace}");
        }

        return kind.Scope is ResourceScope.Namespaced && request.Namespace == principal.Namespace
            ? AuthorizationDecision.Allow($"{principal.Name} may read in namespace {principal.Namespace}")
            : AuthorizationDecision.Deny($"{principal.Name} may only read in namespace {principal.Namespace}");
    }
}

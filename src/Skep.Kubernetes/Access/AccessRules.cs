using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Requests;

namespace Skep.Kubernetes.Access;

/// <summary>
/// Who may do what through the resource API: masters everything, others read what is not sensitive in their own
/// namespace. The one place where this dialect asks.
/// </summary>
internal static class AccessRules
{
    /// <summary>Verbs of principals that are not masters.</summary>
    public static IReadOnlyList<string> ReadVerbs { get; } = ["get", "list", "watch"];

    /// <summary>Whether a principal may use a verb on resources of a kind; <paramref name="ns"/> null means all namespaces.</summary>
    public static bool Allows(Principal principal, string verb, Kind kind, string? ns) =>
        principal.IsMaster
        || (ReadVerbs.Contains(verb)
            && !kind.IsSensitive
            && (kind.Scope is ResourceScope.Namespaced ? ns == principal.Namespace : kind == CoreKinds.Namespace && ns == principal.Namespace));

    /// <summary>Refuses what a principal may not do.</summary>
    /// <exception cref="ApiException">403.</exception>
    public static void Require(ApiRequest request, string verb)
    {
        // A namespace is read by its own people: its name is the namespace that the question is about.
        var ns = request.Kind == CoreKinds.Namespace && request.Name.Length > 0 ? request.Name : request.Namespace;
        if (!Allows(request.Principal, verb, request.Kind, ns))
            throw ApiErrors.Forbidden(request.Principal, verb, request.Kind, request.Namespace, request.Name, request.Subresource);
    }
}

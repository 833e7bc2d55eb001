using Skep.Core.Resources;

namespace Skep.Core.Identity.Authorization;

/// <summary>
/// What somebody wants to do, in the resource model's words, so that one rule covers every dialect.
/// </summary>
public sealed record AuthorizationRequest
{
    /// <summary>Kubernetes' verb: get, list, watch, create, update, patch, delete, deletecollection, or a special one such as impersonate.</summary>
    public required string Verb { get; init; }

    /// <summary>The dialect's own name of the action, where it has one: "ec2:RunInstances".</summary>
    public string? Action { get; init; }

    /// <summary>The kind; null for paths that are no resource.</summary>
    public GroupResource? Resource { get; init; }

    /// <summary>"status", "exec", …</summary>
    public string? Subresource { get; init; }

    /// <summary>The namespace; null for cluster-scoped kinds and for requests across namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>The resource's name; null for collections.</summary>
    public string? Name { get; init; }

    /// <summary>The path of a request that means no resource: "/version".</summary>
    public string? Path { get; init; }

    /// <summary>Whether the verb only reads.</summary>
    public bool IsRead => Verb is "get" or "list" or "watch";
}

/// <summary>The answer, with a reason that may be shown to whoever asked.</summary>
public readonly record struct AuthorizationDecision(bool IsAllowed, string Reason)
{
    /// <summary>It may be done.</summary>
    public static AuthorizationDecision Allow(string reason) => new(true, reason);

    /// <summary>It may not be done.</summary>
    public static AuthorizationDecision Deny(string reason) => new(false, reason);
}

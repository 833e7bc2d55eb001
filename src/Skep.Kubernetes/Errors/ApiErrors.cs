using Skep.Core.Identity;
using Skep.Core.Resources;

namespace Skep.Kubernetes.Errors;

/// <summary>The failures this dialect answers, each spelled once.</summary>
internal static class ApiErrors
{
    /// <summary>No such path.</summary>
    public static ApiException UnknownPath() => new(404, "NotFound", "the server could not find the requested resource");

    /// <summary>The request cannot be understood.</summary>
    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    /// <summary>Nobody is signed in.</summary>
    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>The path exists, the method does not.</summary>
    public static ApiException MethodNotAllowed() => new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

    /// <summary>None of the media types in Accept can be produced.</summary>
    public static ApiException NotAcceptable() =>
        new(406, "NotAcceptable", "only the following media types are accepted: application/json");

    /// <summary>The body's media type is not one of those that the operation reads.</summary>
    public static ApiException UnsupportedMediaType(string seen, string accepted) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format (\"{seen}\") - accepted media types include: {accepted}");

    /// <summary>The body is larger than the server reads.</summary>
    public static ApiException TooLarge(long limitBytes) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limitBytes}");

    /// <summary>The state asked for is in the future.</summary>
    public static ApiException ResourceVersionTooLarge(long asked, long current) =>
        new(504, "Timeout", $"Too large resource version: {asked}, current: {current}")
        {
            Details = new("", "", "") { Causes = [new("ResourceVersionTooLarge", "Too large resource version", "")], RetryAfterSeconds = 1 },
        };

    /// <summary>The state asked for is no longer kept.</summary>
    public static ApiException Expired(string message) => new(410, "Expired", message);

    /// <summary>The principal may not do this.</summary>
    public static ApiException Forbidden(Principal principal, string verb, Kind kind, string? ns, string name, string? subresource, string why)
    {
        var resource = subresource is null ? kind.Plural : $"{kind.Plural}/{subresource}";
        var scope = kind.Scope is ResourceScope.Namespaced && ns is not null ? $"in the namespace \"{ns}\"" : "at the cluster scope";
        var subject = name.Length == 0 ? kind.GroupResource.ToString() : $"{kind.GroupResource} \"{name}\"";
        return new(403, "Forbidden", $"{subject} is forbidden: User \"{principal.Name}\" cannot {verb} resource \"{resource}\" in API group \"{kind.Group}\" {scope}: {why}")
        {
            Details = new(name, kind.Group, kind.Plural),
        };
    }

    /// <summary>Parameters of a request that break a rule (422).</summary>
    public static ApiException InvalidOptions(string optionsKind, string field, string why, string causeReason = "FieldValueForbidden")
    {
        var prefix = causeReason == "FieldValueForbidden" ? "Forbidden: " : "Invalid value: ";
        return new(422, "Invalid", $"{optionsKind}.meta.k8s.io \"\" is invalid: {field}: {prefix}{why}")
        {
            Details = new("", "meta.k8s.io", optionsKind) { Causes = [new(causeReason, prefix + why, field)] },
        };
    }

    /// <summary>Fields of a document that break its kind's rules (422).</summary>
    public static ApiException Invalid(Kind kind, string name, IReadOnlyList<FieldError> errors)
    {
        var causes = errors.Select(e => new StatusCause("FieldValue" + e.Reason, Sentence(e), e.Field)).ToList();
        var texts = causes.Select(c => c.Field.Length == 0 ? c.Message : $"{c.Field}: {c.Message}").ToList();
        var list = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        var qualified = kind.Group.Length == 0 ? kind.Name : $"{kind.Name}.{kind.Group}";
        return new(422, "Invalid", $"{qualified} \"{name}\" is invalid: {list}") { Details = new(name, kind.Group, kind.Name) { Causes = causes } };
    }

    /// <summary>Translates a failure of the resource model; <paramref name="kind"/> is what the request was about.</summary>
    public static ApiException From(ResourceException failure, Kind? kind)
    {
        if (failure.Reason is ResourceError.Invalid && kind is not null && failure.Causes.Count > 0)
            return Invalid(kind, NameIn(failure), failure.Causes);
        var details = failure.Key is { } key ? new StatusDetails(key.Name, key.GroupResource.Group, key.GroupResource.Resource) : null;
        return failure.Reason switch
        {
            ResourceError.BadRequest => new(400, "BadRequest", failure.Message) { Details = details },
            ResourceError.NotFound => new(404, "NotFound", failure.Message) { Details = details },
            ResourceError.AlreadyExists => new(409, "AlreadyExists", failure.Message) { Details = details },
            ResourceError.Conflict => new(409, "Conflict", failure.Message) { Details = details },
            ResourceError.Invalid => new(422, "Invalid", failure.Message) { Details = details },
            ResourceError.Forbidden => new(403, "Forbidden", failure.Message) { Details = details },
            ResourceError.Expired => Expired(failure.Message),
            ResourceError.Unavailable => new(503, "ServiceUnavailable", failure.Message)
            {
                Details = (details ?? new("", "", "")) with { RetryAfterSeconds = 1 },
            },
            _ => new(500, "InternalError", failure.Message),
        };
    }

    private static string Sentence(FieldError error) => error.Reason switch
    {
        FieldErrorReason.Required => $"Required value: {error.Message}",
        FieldErrorReason.NotSupported => $"Unsupported value: {error.Message}",
        FieldErrorReason.Duplicate => $"Duplicate value: {error.Message}",
        FieldErrorReason.Forbidden => $"Forbidden: {error.Message}",
        _ => $"Invalid value: {error.Message}",
    };

    // The resource model's message begins with the kind and the quoted name; the name itself is not a member.
    private static string NameIn(ResourceException failure)
    {
        var parts = failure.Message.Split('"', 3);
        return parts.Length == 3 ? parts[1] : "";
    }
}

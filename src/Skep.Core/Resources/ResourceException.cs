namespace Skep.Core.Resources;

/// <summary>Why an operation on resources failed; Kubernetes' StatusReason names.</summary>
public enum ResourceError
{
    /// <summary>The request cannot be understood.</summary>
    BadRequest,

    /// <summary>The resource does not exist.</summary>
    NotFound,

    /// <summary>A resource of that name exists.</summary>
    AlreadyExists,

    /// <summary>The resource is at another revision than the writer expected.</summary>
    Conflict,

    /// <summary>The document breaks its kind's rules; see <see cref="ResourceException.Causes"/>.</summary>
    Invalid,

    /// <summary>The operation is not allowed on this resource.</summary>
    Forbidden,

    /// <summary>The revision asked for is no longer kept.</summary>
    Expired,

    /// <summary>The store cannot write now, for example because the disk is full.</summary>
    Unavailable,
}

/// <summary>A failure that the caller of the resource model can see. Dialects map it to their own form.</summary>
public sealed class ResourceException(ResourceError reason, string message) : Exception(message)
{
    /// <summary>What kind of failure.</summary>
    public ResourceError Reason { get; } = reason;

    /// <summary>The resource meant, where there is one.</summary>
    public ResourceKey? Key { get; init; }

    /// <summary>The kind's name, for reason Invalid.</summary>
    public string? KindName { get; init; }

    /// <summary>The fields at fault, for reason Invalid.</summary>
    public IReadOnlyList<FieldError> Causes { get; init; } = [];

    /// <summary>The resource does not exist.</summary>
    public static ResourceException NotFound(ResourceKey key) =>
        new(ResourceError.NotFound, $"{key.GroupResource} \"{key.Name}\" not found") { Key = key };

    /// <summary>A resource of that name exists.</summary>
    public static ResourceException AlreadyExists(ResourceKey key) =>
        new(ResourceError.AlreadyExists, $"{key.GroupResource} \"{key.Name}\" already exists") { Key = key };

    /// <summary>The resource changed since it was read.</summary>
    public static ResourceException Conflict(ResourceKey key, string why = "the object has been modified; please apply your changes to the latest version and try again") =>
        new(ResourceError.Conflict, $"Operation cannot be fulfilled on {key.GroupResource} \"{key.Name}\": {why}") { Key = key };

    /// <summary>The namespace takes nothing new: it is being deleted.</summary>
    public static ResourceException Terminating(ResourceKey ns) =>
        new(ResourceError.Forbidden, $"unable to create new content in namespace {ns.Name} because it is being terminated") { Key = ns };

    /// <summary>The document breaks rules of its kind.</summary>
    public static ResourceException Invalid(string kind, string name, IReadOnlyList<FieldError> causes) =>
        new(ResourceError.Invalid, $"{kind} \"{name}\" is invalid: {string.Join(", ", causes.Select(c => $"{c.Field}: {c.Message}"))}")
        {
            KindName = kind,
            Causes = causes,
        };

    /// <summary>The revision is older than what the log keeps.</summary>
    public static ResourceException Expired(long revision, long oldest) =>
        new(ResourceError.Expired, $"too old resource version: {revision} ({oldest})");
}

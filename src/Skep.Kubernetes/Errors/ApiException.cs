namespace Skep.Kubernetes.Errors;

/// <summary>A failure in the API's own terms: HTTP status, Kubernetes' StatusReason and a sentence.</summary>
internal sealed class ApiException(int code, string reason, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Code { get; } = code;

    /// <summary>Kubernetes' StatusReason, for example "NotFound".</summary>
    public string Reason { get; } = reason;

    /// <summary>What the failure concerns; null when there is nothing to name.</summary>
    public StatusDetails? Details { get; init; }
}

/// <summary>
/// The details member of a Status. <paramref name="Kind"/> is the plural resource, except for reason Invalid where it is the kind.
/// </summary>
internal sealed record StatusDetails(string Name, string Group, string Kind)
{
    public string? Uid { get; init; }
    public IReadOnlyList<StatusCause> Causes { get; init; } = [];
    public int? RetryAfterSeconds { get; init; }
}

/// <summary>One cause of a failure.</summary>
internal sealed record StatusCause(string Reason, string Message, string Field);

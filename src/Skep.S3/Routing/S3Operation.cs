using Skep.S3.Requests;

namespace Skep.S3.Routing;

/// <summary>
/// An operation of the API. One class an operation, listed in <see cref="S3Operations"/>; instances serve all requests and
/// hold no state of any. The dialect has authenticated and authorized the caller, and has found the bucket, before
/// <see cref="RunAsync"/>.
/// </summary>
internal abstract class S3Operation
{
    /// <summary>The API's name of it.</summary>
    public abstract string Name { get; }

    /// <summary>What selects it.</summary>
    public abstract S3Route Route { get; }

    /// <summary>The IAM action that allows it.</summary>
    public abstract string Action { get; }

    /// <summary>Whether the bucket that is addressed must exist.</summary>
    public virtual bool NeedsBucket => Route.Level is not S3Level.Service;

    /// <summary>Whether the operation asks by itself, for each thing that it touches, what the caller may do.</summary>
    public virtual bool AuthorizesItself => false;

    /// <summary>The IAM action that allows this request, where that depends on more than the operation.</summary>
    public virtual string ActionFor(S3Call call) => Action;

    /// <summary>Answers a request.</summary>
    /// <exception cref="Errors.S3Exception">A failure to tell the client.</exception>
    /// <exception cref="Skep.Objects.ObjectException">The same, from below.</exception>
    public abstract Task RunAsync(S3Call call, CancellationToken ct);
}

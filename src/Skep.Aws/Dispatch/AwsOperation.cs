using System.Collections.Frozen;
using Skep.Aws.Protocol;

namespace Skep.Aws.Dispatch;

/// <summary>The rule of one operation, as the dispatcher calls it. Handlers derive from the generic classes.</summary>
internal abstract class AwsOperation
{
    /// <summary>Answers a request that was bound by the model.</summary>
    public abstract ValueTask<Structure?> RunAsync(OperationModel model, Structure request, AwsCall call, CancellationToken ct);

    /// <summary>Work outside the request's transaction that must be done before it, such as making the default network.</summary>
    public virtual ValueTask PrepareAsync(Structure request, AwsCall call, CancellationToken ct) => ValueTask.CompletedTask;

    /// <summary>Filters that AWS documents for the operation and that lead nowhere here; a test keeps this empty.</summary>
    public virtual IReadOnlyList<string> UnresolvedFilters(OperationModel model) => [];

    /// <summary>The member that each filter without a rule of its own reads; for tests.</summary>
    public virtual IReadOnlyDictionary<string, string> ResolvedFilters(OperationModel model) => FrozenDictionary<string, string>.Empty;

    /// <summary>Resources that keep an idempotency record alive beyond its time, by id.</summary>
    public virtual IReadOnlyList<string> Subjects(Structure response) => [];

    /// <summary>Judges whether the answer to a repeated client token may still be given.</summary>
    /// <exception cref="AwsException">It may not.</exception>
    public virtual void CheckReplay(IReadOnlyList<string> subjects, AwsCall call)
    {
    }
}

/// <summary>
/// The rule of an operation: reads <see cref="AwsCall.View"/>, checks, adds its changes to
/// <see cref="AwsCall.Transaction"/> and returns the answer. It may be run several times for one request (when others
/// wrote in between) and its changes may be dropped (DryRun), so it must have no other effect.
/// </summary>
internal abstract class AwsOperation<TRequest, TResponse> : AwsOperation
    where TRequest : Structure
    where TResponse : Structure
{
    /// <summary>The rule.</summary>
    /// <exception cref="AwsException">The request cannot be served.</exception>
    protected abstract ValueTask<TResponse> HandleAsync(TRequest request, AwsCall call, CancellationToken ct);

    /// <summary>The rule, for base classes that need the operation's table.</summary>
    protected virtual ValueTask<TResponse> HandleAsync(OperationModel model, TRequest request, AwsCall call, CancellationToken ct) =>
        HandleAsync(request, call, ct);

    /// <inheritdoc/>
    public sealed override async ValueTask<Structure?> RunAsync(OperationModel model, Structure request, AwsCall call, CancellationToken ct) =>
        await HandleAsync(model, (TRequest)request, call, ct);

    /// <inheritdoc cref="AwsOperation.PrepareAsync"/>
    protected virtual ValueTask PrepareAsync(TRequest request, AwsCall call, CancellationToken ct) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public sealed override ValueTask PrepareAsync(Structure request, AwsCall call, CancellationToken ct) => PrepareAsync((TRequest)request, call, ct);
}

/// <summary>An operation without output: its answer says only that it was done.</summary>
internal abstract class AwsAction<TRequest> : AwsOperation
    where TRequest : Structure
{
    /// <summary>The rule; see <see cref="AwsOperation{TRequest, TResponse}"/>.</summary>
    /// <exception cref="AwsException">The request cannot be served.</exception>
    protected abstract ValueTask HandleAsync(TRequest request, AwsCall call, CancellationToken ct);

    /// <inheritdoc/>
    public sealed override async ValueTask<Structure?> RunAsync(OperationModel model, Structure request, AwsCall call, CancellationToken ct)
    {
        await HandleAsync((TRequest)request, call, ct);
        return null;
    }
}

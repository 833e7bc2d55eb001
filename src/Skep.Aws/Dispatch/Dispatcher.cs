using Microsoft.Extensions.Logging;
using Skep.Aws.Protocol;
using Skep.Aws.Protocol.Rest;
using Skep.Core.Identity;
using Skep.Core.Resources;
using Skep.Core.Store;

namespace Skep.Aws.Dispatch;

/// <summary>
/// Runs one authenticated request: finds the operation, binds and checks the parameters, authorizes, runs the rule
/// against one state, stops dry runs, remembers client tokens, commits, and starts again when others wrote in between.
/// </summary>
internal sealed partial class Dispatcher(
    IReadOnlyList<ServedOperation> operations,
    ResourceClient resources,
    AwsAuthorization authorization,
    AwsMetrics metrics,
    ILogger<Dispatcher> logger)
{
    /// <summary>Attempts of a request whose transaction conflicts with others'.</summary>
    private const int AttemptsMax = 64;

    private readonly Dictionary<(string Service, string Name), ServedOperation> _operations =
        operations.ToDictionary(o => (o.Service.Name, o.Name));

    /// <summary>Finds a served operation.</summary>
    /// <exception cref="AwsException">MissingAction, InvalidAction, UnsupportedOperation.</exception>
    public ServedOperation Find(ServiceModel service, FormNode form)
    {
        var action = form.ValueOf("Action");
        if (string.IsNullOrEmpty(action))
            throw AwsErrors.MissingAction();
        if (_operations.TryGetValue((service.Name, action), out var operation))
            return operation;
        throw service.IsKnown(action)
            ? AwsErrors.NotServed(service.Name, action)
            : AwsErrors.InvalidAction(action, form.ValueOf("Version") ?? service.ApiVersion);
    }

    /// <summary>Finds a served operation by its name.</summary>
    /// <exception cref="AwsException">UnsupportedOperation.</exception>
    public ServedOperation Find(ServiceModel service, string name) =>
        _operations.GetValueOrDefault((service.Name, name)) ?? throw AwsErrors.NotServed(service.Name, name);

    /// <summary>Runs an operation and returns what it came to, which the caller disposes.</summary>
    /// <exception cref="AwsException">The request cannot be served.</exception>
    public async Task<Outcome> RunAsync(
        ServedOperation operation, Structure request, Principal principal, string region, string requestId, List<string> subjects, CancellationToken ct)
    {
        var token = Idempotency.Token(request);
        using var authorized = new AwsCall(principal, region, requestId, resources.Begin(), resources);
        authorization.Require(operation, request, authorized);
        await operation.Handler.PrepareAsync(request, authorized, ct);
        for (var attempt = 1; ; attempt++)
        {
            using var call = new AwsCall(principal, region, requestId, resources.Begin(), resources);
            try
            {
                return await AttemptAsync(operation, request, token, call, ct);
            }
            catch (ResourceException ex) when (IsRace(ex) && attempt < AttemptsMax)
            {
                metrics.Retried(operation.Name);
            }
            catch (ResourceException ex)
            {
                LogRefused(operation.Name, requestId, ex);
                throw AwsErrors.Of(ex);
            }
            finally
            {
                subjects.Clear();
                subjects.AddRange(call.Subjects);
            }
        }
    }

    private static async Task<Outcome> AttemptAsync(
        ServedOperation operation, Structure request, string? token, AwsCall call, CancellationToken ct)
    {
        if (token is not null && !RequestMembers.IsDryRun(request) && Idempotency.Replay(operation, token, request, call) is { } earlier)
        {
            var repeated = new ByteBuffer(earlier.Length);
            repeated.Raw(earlier);
            return new Outcome(repeated, Response: null);
        }

        var response = await operation.Handler.RunAsync(operation.Model, request, call, ct);
        if (RequestMembers.IsDryRun(request))
            throw AwsErrors.DryRun();
        var body = operation.Service.Protocol is WireProtocol.RestJson ? RestJsonWriter.Body(response) : ResponseWriter.Body(operation.Model, response);
        try
        {
            if (token is not null)
                Idempotency.Remember(operation, token, request, response, body.Written, call);
            call.Committed(await call.Transaction.CommitAsync(ct));
            return new Outcome(body, response);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Somebody else was faster: the same rule, run against the new state, gives the right answer or error.</summary>
    private static bool IsRace(ResourceException ex) =>
        ex.Reason is ResourceError.Conflict or ResourceError.AlreadyExists or ResourceError.NotFound;

    [LoggerMessage(1, LogLevel.Warning, "{operation} {requestId} was refused by the resource model")]
    private partial void LogRefused(string operation, string requestId, Exception exception);
}

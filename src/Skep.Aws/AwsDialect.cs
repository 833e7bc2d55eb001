using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2;
using Skep.Aws.Protocol;
using Skep.Aws.Protocol.Rest;
using Skep.Aws.Sts;
using Skep.Core.Hosting;
using Skep.Core.Identity;

namespace Skep.Aws;

/// <summary>The AWS services but S3 (EC2, EBS direct, STS, IAM): one endpoint, told apart by the signature's scope.</summary>
internal sealed partial class AwsDialect(
    Dispatcher dispatcher,
    SigV4Verifier verifier,
    TimeProvider time,
    AwsMetrics metrics,
    ILogger<AwsDialect> logger) : IDialect
{
    /// <summary>Bytes a request's body may have. The largest of use is a block of EBS direct, 512 KiB.</summary>
    private const int BodyBytesMax = 1_048_576;

    /// <summary>Room for a body whose length is not announced, at first.</summary>
    private const int BodyBytesMin = 4_096;

    /// <summary>What a client says of the body's hash.</summary>
    private const string PayloadHashHeader = "X-Amz-Content-Sha256";

    /// <summary>Ids that one audit entry names.</summary>
    private const int SubjectsAuditedMax = 100;

    /// <summary>Clock difference that EC2 and S3 accept.</summary>
    private static readonly TimeSpan _skewEc2 = TimeSpan.FromMinutes(15);

    /// <summary>Clock difference that other services accept.</summary>
    private static readonly TimeSpan _skewOther = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public string Name => "aws";

    /// <inheritdoc/>
    public bool Claims(HttpContext context)
    {
        var request = context.Request;
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith(SigV4.Algorithm, StringComparison.Ordinal) || request.Query.ContainsKey("X-Amz-Algorithm"))
            return SigV4Scope.Claimed(authorization, request.Query["X-Amz-Credential"])?.Service != "s3";
        if (request.Path != "/" || authorization.Length > 0)
            return false;
        // Unsigned: claimed only to be refused in a form that AWS clients understand.
        return HttpMethods.IsPost(request.Method)
            ? request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) is true
            : request.Query.ContainsKey("Action");
    }

    /// <inheritdoc/>
    public async Task HandleAsync(HttpContext context, Principal? principal)
    {
        var started = time.GetTimestamp();
        var record = RequestRecord.Of(context);
        var requestId = record.RequestId;
        var scope = SigV4Scope.Claimed(context.Request.Headers.Authorization, context.Request.Query["X-Amz-Credential"]);
        var service = ServiceOf(scope);
        var operationName = "unknown";
        AwsException? error = null;
        AwsAnswer answer;
        using var body = new ByteBuffer(Math.Clamp((int)Math.Min(context.Request.ContentLength ?? 0, BodyBytesMax), BodyBytesMin, BodyBytesMax));
        try
        {
            answer = await AnswerAsync(context, scope, service, body, record, name => operationName = name);
        }
        catch (AwsException ex)
        {
            error = ex;
            answer = AwsAnswer.Of(service, ex, requestId);
        }
        catch (Exception ex) when (ex is not OperationCanceledException || !context.RequestAborted.IsCancellationRequested)
        {
            LogFailed(operationName, requestId, ex);
            error = AwsErrors.Internal();
            answer = AwsAnswer.Of(service, error, requestId);
        }

        record.Reason = error?.Code;
        metrics.Answered(service.Name, operationName, error?.Code, time.GetElapsedTime(started));
        using (answer)
            await SendAsync(context, requestId, answer);
    }

    private async Task<AwsAnswer> AnswerAsync(
        HttpContext context, SigV4Scope? scope, ServiceModel service, ByteBuffer body, RequestRecord record, Action<string> found)
    {
        var isRest = service.Protocol is WireProtocol.RestJson;
        if (!isRest && !HttpMethods.IsPost(context.Request.Method) && !HttpMethods.IsGet(context.Request.Method))
            throw AwsErrors.BadMethod(context.Request.Method);
        await ReadBodyAsync(context, body);
        var (path, query) = Target(context);
        var isUnsigned = isRest && context.Request.IsHttps && context.Request.Headers[PayloadHashHeader] == SigV4.UnsignedPayload;
        var identity = Authenticate(context, path, query, isUnsigned ? SigV4.UnsignedPayload : Convert.ToHexStringLower(SHA256.HashData(body.Written)));
        record.Principal = identity.Principal;
        if (scope is not null && service.Name != scope.Service)
            throw AwsErrors.ServiceNotServed(scope.Service);
        if (service.Protocol is WireProtocol.Ec2)
            RegionName.Check(identity.Scope.Region);
        var (operation, bind) = isRest
            ? OpenRest(service, new RestRequest(context.Request.Method, path, query, name => HeaderOf(context, name), body.WrittenMemory), isUnsigned)
            : OpenForm(service, query, body);
        found(operation.Name);
        record.Action = $"{service.Name}:{operation.Name}";
        var subjects = new List<string>();
        try
        {
            var outcome = await dispatcher.RunAsync(operation, bind(), identity.Principal, identity.Scope.Region, record.RequestId, subjects, context.RequestAborted);
            return AwsAnswer.Of(operation, outcome, record.RequestId);
        }
        finally
        {
            record.Resource = string.Join(',', subjects.Take(SubjectsAuditedMax));
        }
    }

    private (ServedOperation Operation, Func<Structure> Bind) OpenForm(ServiceModel service, string query, ByteBuffer body)
    {
        var form = new FormNode();
        FormReader.Read(Encoding.ASCII.GetBytes(query), form);
        FormReader.Read(body.Written, form);
        var operation = dispatcher.Find(service, form);
        return (operation, () => new RequestBinder(service).Bind(operation.Model.Input!, form));
    }

    private (ServedOperation Operation, Func<Structure> Bind) OpenRest(ServiceModel service, RestRequest request, bool isUnsigned)
    {
        if (!RestRoutes.Of(service).TryMatch(request.Method, request.Path, out var model, out var labels))
            throw RestErrors.UnknownOperation(request.Method, request.Path);
        // Only what has a checksum of its own may come without its hash in the signature.
        if (isUnsigned && !model.Input!.Members.Any(m => m.Location is MemberLocation.Payload))
            throw AwsErrors.Of(new SigV4Exception(SigV4Failure.Mismatch, $"{model.Name} requires that the payload is signed."), isEc2: false);
        return (dispatcher.Find(service, model.Name), () => new RestJsonBinder(service).Bind(model, labels, request));
    }

    private static string? HeaderOf(HttpContext context, string name) =>
        context.Request.Headers.TryGetValue(name, out var values) ? values.ToString() : null;

    private SigV4Identity Authenticate(HttpContext context, string path, string query, string payloadHash)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in context.Request.Headers)
        {
            foreach (var value in values)
                headers.Add(new(name, value ?? ""));
        }

        var request = new SigV4Request(context.Request.Method, path, query, headers, payloadHash);
        try
        {
            return verifier.Verify(request, services: null, s => s == Ec2Service.Instance.Name ? _skewEc2 : _skewOther);
        }
        catch (SigV4Exception ex)
        {
            throw AwsErrors.Of(ex, ServiceOf(SigV4Scope.Claimed(context.Request.Headers.Authorization, context.Request.Query["X-Amz-Credential"])).Protocol is WireProtocol.Ec2);
        }
    }

    /// <summary>The service whose error form is used: the one that the signature names, EC2's for unsigned requests.</summary>
    private static ServiceModel ServiceOf(SigV4Scope? scope) =>
        scope is null
            ? Ec2Service.Instance
            : ServedOperations.Services.FirstOrDefault(s => s.Name == scope.Service) ?? StsService.Instance;

    private static (string Path, string Query) Target(HttpContext context)
    {
        // The signature covers the target as it was sent, before any decoding.
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/'))
            target = Uri.TryCreate(target, UriKind.Absolute, out var uri) ? uri.PathAndQuery : "/";
        var question = target.IndexOf('?', StringComparison.Ordinal);
        return question < 0 ? (target, "") : (target[..question], target[(question + 1)..]);
    }

    private static async Task ReadBodyAsync(HttpContext context, ByteBuffer body)
    {
        if (context.Request.ContentLength > BodyBytesMax)
            throw AwsErrors.TooLarge(BodyBytesMax);
        while (await context.Request.Body.ReadAsync(body.GetMemory(), context.RequestAborted) is > 0 and var read)
        {
            body.Advance(read);
            if (body.Written.Length > BodyBytesMax)
                throw AwsErrors.TooLarge(BodyBytesMax);
        }
    }

    private static async Task SendAsync(HttpContext context, string requestId, AwsAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        response.Headers["x-amzn-RequestId"] = requestId;
        foreach (var (name, value) in answer.Headers)
            response.Headers[name] = value;
        // A body that was not read to its end would have to be skipped before the next request.
        if (answer.Status == StatusCodes.Status413PayloadTooLarge)
            response.Headers.Connection = "close";
        await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    [LoggerMessage(1, LogLevel.Error, "{operation} {requestId} failed")]
    private partial void LogFailed(string operation, string requestId, Exception exception);
}

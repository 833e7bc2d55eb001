using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Skep.Aws.Dispatch;
using Skep.Aws.Ec2;
using Skep.Aws.Protocol;
using Skep.Aws.Sts;
using Skep.Core.Hosting;
using Skep.Core.Identity;

namespace Skep.Aws;

/// <summary>The form-encoded AWS services (EC2, STS, IAM): one endpoint, told apart by the signature's scope.</summary>
internal sealed partial class AwsDialect(
    Dispatcher dispatcher,
    SigV4Verifier verifier,
    TimeProvider time,
    AwsMetrics metrics,
    ILogger<AwsDialect> logger) : IDialect
{
    /// <summary>Bytes a request's body may have. The largest of use is RunInstances with user data, below 64 KiB.</summary>
    private const int BodyBytesMax = 1_048_576;

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
        XmlBuffer answer;
        try
        {
            var (operation, body) = await AnswerAsync(context, scope, service, record, name => operationName = name);
            using (body)
                answer = ResponseWriter.Envelope(operation.Service, operation.Model, requestId, body.Written);
        }
        catch (AwsException ex)
        {
            error = ex;
            answer = ResponseWriter.Error(service, ex, requestId);
        }
        catch (Exception ex) when (ex is not OperationCanceledException || !context.RequestAborted.IsCancellationRequested)
        {
            LogFailed(operationName, requestId, ex);
            error = AwsErrors.Internal();
            answer = ResponseWriter.Error(service, error, requestId);
        }

        record.Reason = error?.Code;
        metrics.Answered(service.Name, operationName, error?.Code, time.GetElapsedTime(started));
        using (answer)
            await SendAsync(context, error?.Status ?? StatusCodes.Status200OK, requestId, answer);
    }

    private async Task<(ServedOperation Operation, XmlBuffer Body)> AnswerAsync(
        HttpContext context, SigV4Scope? scope, ServiceModel service, RequestRecord record, Action<string> found)
    {
        if (!HttpMethods.IsPost(context.Request.Method) && !HttpMethods.IsGet(context.Request.Method))
            throw AwsErrors.BadMethod(context.Request.Method);
        var body = await ReadBodyAsync(context);
        var (path, query) = Target(context);
        var identity = Authenticate(context, path, query, body);
        record.Principal = identity.Principal;
        if (scope is not null && service.Name != scope.Service)
            throw AwsErrors.ServiceNotServed(scope.Service);
        if (service.Protocol is WireProtocol.Ec2)
            RegionName.Check(identity.Scope.Region);
        var form = new FormNode();
        FormReader.Read(Encoding.ASCII.GetBytes(query), form);
        FormReader.Read(body.Span, form);
        var operation = dispatcher.Find(service, form);
        found(operation.Name);
        record.Action = $"{service.Name}:{operation.Name}";
        var subjects = new List<string>();
        try
        {
            return (operation, await dispatcher.RunAsync(operation, form, identity.Principal, identity.Scope.Region, record.RequestId, subjects, context.RequestAborted));
        }
        finally
        {
            record.Resource = string.Join(',', subjects.Take(SubjectsAuditedMax));
        }
    }

    private SigV4Identity Authenticate(HttpContext context, string path, string query, ReadOnlyMemory<byte> body)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (name, values) in context.Request.Headers)
        {
            foreach (var value in values)
                headers.Add(new(name, value ?? ""));
        }

        var request = new SigV4Request(
            context.Request.Method, path, query, headers, Convert.ToHexStringLower(SHA256.HashData(body.Span)));
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

    private static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContext context)
    {
        if (context.Request.ContentLength > BodyBytesMax)
            throw AwsErrors.TooLarge(BodyBytesMax);
        var body = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(body.GetMemory(4_096), context.RequestAborted);
            if (read == 0)
                return body.WrittenMemory;
            body.Advance(read);
            if (body.WrittenCount > BodyBytesMax)
                throw AwsErrors.TooLarge(BodyBytesMax);
        }
    }

    private static async Task SendAsync(HttpContext context, int status, string requestId, XmlBuffer answer)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/xml;charset=UTF-8";
        response.ContentLength = answer.WrittenMemory.Length;
        response.Headers["x-amzn-RequestId"] = requestId;
        // A body that was not read to its end would have to be skipped before the next request.
        if (status == StatusCodes.Status413PayloadTooLarge)
            response.Headers.Connection = "close";
        await response.Body.WriteAsync(answer.WrittenMemory, context.RequestAborted);
    }

    [LoggerMessage(1, LogLevel.Error, "{operation} {requestId} failed")]
    private partial void LogFailed(string operation, string requestId, Exception exception);
}

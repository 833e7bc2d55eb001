using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Identity.Policies;
using Skep.Objects;
using Skep.S3.Access;
using Skep.S3.Buckets;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;
using Skep.S3.Routing;
using Skep.S3.Websites;
using Skep.S3.Xml;

namespace Skep.S3;

/// <summary>
/// S3: on its own port all requests, on the shared one those whose signature is scoped to it. The way of a request:
/// address, signature, operation, bucket, authorization, answer; a failure anywhere becomes S3's error document.
/// </summary>
internal sealed partial class S3Dialect(
    IServiceProvider services,
    S3Authenticator authenticator,
    S3Options options,
    TimeProvider time,
    S3Metrics metrics,
    ILogger<S3Dialect> logger) : IDialect
{
    private static readonly string[] _headersKept = ["x-amz-request-id", "x-amz-id-2", "Access-Control-", "Vary"];

    private readonly Lazy<(S3Services Services, S3Router Router, WebsiteServer Website)> _parts =
        new(() => (services.GetRequiredService<S3Services>(), services.GetRequiredService<S3Router>(), services.GetRequiredService<WebsiteServer>()));

    /// <inheritdoc/>
    public string Name => S3Options.DialectName;

    /// <inheritdoc/>
    public bool Claims(HttpContext context)
    {
        var (authorization, query) = (context.Request.Headers.Authorization.ToString(), context.Request.Query);
        // Of the old scheme, which has no scope, only S3's form is served; and nobody else takes uploads by form, which are signed inside.
        return SigV4Scope.Claimed(authorization, query["X-Amz-Credential"])?.Service == SigV4.S3Service
            || authorization.StartsWith(SigV2.HeaderPrefix, StringComparison.Ordinal)
            || (query.ContainsKey(SigV2.KeyParameter) && query.ContainsKey(SigV2.ExpiresParameter) && !query.ContainsKey("Action"))
            || (authorization.Length == 0 && HttpMethods.IsPost(context.Request.Method) && context.Request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) is true);
    }

    /// <inheritdoc/>
    public async Task HandleAsync(HttpContext context, Principal? principal)
    {
        var started = time.GetTimestamp();
        var record = RequestRecord.Of(context);
        context.Response.Headers["x-amz-request-id"] = record.RequestId;
        context.Response.Headers["x-amz-id-2"] = record.RequestId;
        // Uploads are as large as S3 allows; operations that read a document have limits of their own.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        // An empty body gets no 100 Continue, and botocore, which waits for one, then does not see the connection's next answer.
        if (context.Request.Headers.Expect.Count > 0 && context.Request.ContentLength is 0)
            context.Response.Headers.Connection = "close";
        var operation = "unknown";
        S3Operation? found = null;
        S3Exception? error = null;
        var resource = "/";
        S3Call? call = null;
        var website = WebsiteHost.BucketOf(context.Request.Host.Value ?? "", options.Domains);
        try
        {
            if (website is not null)
            {
                operation = "Website";
                await _parts.Value.Website.ServeAsync(context, website, context.RequestAborted);
                metrics.Answered(operation, errorCode: null, time.GetElapsedTime(started));
                return;
            }

            var target = S3Target.Parse(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, context.Request.Host.Value ?? "", options.Domains);
            resource = target.Resource;
            call = new S3Call(context, target, record);
            await AnswerAsync(call, chosen =>
            {
                found = chosen;
                operation = chosen.Name;
            }, context.RequestAborted);
        }
        catch (S3Exception ex)
        {
            error = ex;
        }
        catch (ObjectException ex)
        {
            if (ex.Error is ObjectError.Damaged or ObjectError.Io or ObjectError.NoSpace or ObjectError.Unavailable or ObjectError.Refused)
                LogStoreFailed(operation, record.RequestId, ex);
            error = EngineErrors.Of(ex, S3Target.Parse(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, context.Request.Host.Value ?? "", options.Domains));
        }
        catch (SigV4Exception ex)
        {
            error = EngineErrors.Of(ex);
        }
        catch (PolicyException ex)
        {
            // A policy that was stored is read again by other rules than it was checked by: nothing is allowed by it.
            LogFailed(operation, record.RequestId, ex);
            error = S3Errors.AccessDenied("the bucket's policy cannot be read");
        }
        catch (BadHttpRequestException ex)
        {
            error = ex.StatusCode == StatusCodes.Status408RequestTimeout
                ? S3Errors.RequestTimeout()
                : S3Errors.IncompleteBody();
        }
        catch (Exception ex) when (!context.RequestAborted.IsCancellationRequested)
        {
            LogFailed(operation, record.RequestId, ex);
            error = S3Errors.Internal();
        }

        record.Reason = error?.Code;
        metrics.Answered(operation, error?.Code, time.GetElapsedTime(started));
        if (error is not null)
            await FailAsync(context, error, resource, record.RequestId, call?.Body.IsRead is true, website is not null);
        if (found is not null && call is { HasBucketInfo: true })
            await LogAsync(call, found, error?.Code, time.GetElapsedTime(started));
    }

    private async Task AnswerAsync(S3Call call, Action<S3Operation> found, CancellationToken ct)
    {
        S3Target.KnownKey(call.Key);
        authenticator.Authenticate(call);
        var (services, router, _) = _parts.Value;
        var operation = router.Find(call);
        found(operation);
        call.Record.Action = $"s3:{operation.Name}";
        if (operation.NeedsBucket)
        {
            call.BucketInfo = await services.Store.HeadBucketAsync(BucketName.Known(call.Bucket), ct);
            if (call.Target.Tenant is { Length: > 0 } tenant && services.Accounts.NameOf(call.BucketInfo.Owner) != tenant)
                throw S3Errors.NoSuchBucket(call.Bucket);
            ExpectedOwner.Check(call.Header("x-amz-expected-bucket-owner"), call.BucketInfo);
        }

        else if (call.Target.Tenant is not null)
        {
            throw S3Errors.InvalidBucketName($"{call.Target.Tenant}:{call.Bucket}"); // a bucket is made in the caller's account
        }

        call.Record.Resource = call.Target.Resource;
        // A preflight says it itself, of the request that it asks about.
        if (operation.NeedsBucket && operation is not Preflight)
            await CorsHeaders.WriteAsync(services, call, ct);
        if (!operation.AuthorizesItself)
            await services.Authorization.RequireAsync(call, operation.ActionFor(call), ct);
        await operation.RunAsync(call, ct);
    }

    /// <summary>The access log must not spoil an answer that was given.</summary>
    private async Task LogAsync(S3Call call, S3Operation operation, string? error, TimeSpan total)
    {
        try
        {
            await _parts.Value.Services.Logs.WriteAsync(call, operation, error, total);
        }
        catch (Exception ex) when (ex is ObjectException or S3Exception)
        {
            LogFailed("AccessLog", call.Record.RequestId, ex);
        }
    }

    private static async Task FailAsync(HttpContext context, S3Exception error, string resource, string requestId, bool isBodyRead, bool isWebsite)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort(); // the client must not take half an answer for a whole one
            return;
        }

        // What an operation has said of the object is not true any more; who may see the answer is.
        foreach (var name in response.Headers.Keys.Where(n => !_headersKept.Any(k => n.StartsWith(k, StringComparison.OrdinalIgnoreCase))).ToList())
            response.Headers.Remove(name);
        foreach (var (name, value) in error.Headers)
            response.Headers[name] = value;
        response.StatusCode = error.Status;
        // The client may or may not send the body that it was not asked for: the next request could not be told from it.
        if (context.Request.Headers.Expect.Count > 0 && !isBodyRead)
            response.Headers.Connection = "close";
        if (isWebsite)
        {
            await WebsiteServer.FailAsync(context, error, requestId, context.RequestAborted);
            return;
        }

        if (HttpMethods.IsHead(context.Request.Method) || error.Status == StatusCodes.Status304NotModified)
            return;
        var body = ErrorXml.Write(error, resource, requestId);
        response.ContentType = "application/xml";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    [LoggerMessage(EventId = 1710, Level = LogLevel.Error, Message = "s3 {Operation} {RequestId} failed")]
    private partial void LogFailed(string operation, string requestId, Exception exception);

    [LoggerMessage(EventId = 1711, Level = LogLevel.Error, Message = "s3 {Operation} {RequestId} failed in the object store")]
    private partial void LogStoreFailed(string operation, string requestId, Exception exception);
}

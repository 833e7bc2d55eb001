using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skep.Core.Hosting;
using Skep.Core.Identity.Policies;
using Skep.Objects;
using Skep.S3.Buckets;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Objects;
using Skep.S3.Requests;
using Skep.S3.Xml;

namespace Skep.S3.Websites;

/// <summary>
/// Shows buckets as websites (user guide, "Hosting a static website"): GET and HEAD of whatever anybody may read by the bucket's
/// policy or lists. Who asks is nobody in particular, even if the request is signed.
/// </summary>
internal sealed class WebsiteServer(S3Services services)
{
    private readonly ParsedDocuments<Website> _websites = new(WebsiteConfiguration.SubResource, static d => WebsiteConfiguration.Parse(XmlDocumentReader.Read(d)));

    /// <summary>Answers a request to a website's host.</summary>
    /// <exception cref="S3Exception">What <see cref="FailAsync"/> then shows.</exception>
    public async Task ServeAsync(HttpContext context, string bucket, CancellationToken ct)
    {
        var call = Call(context, bucket);
        call.Record.Action = "s3:Website";
        call.Record.Resource = call.Target.Resource;
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            throw S3Errors.MethodNotAllowed(context.Request.Method);
        call.BucketInfo = await services.Store.HeadBucketAsync(BucketName.Known(bucket), ct);
        var website = await _websites.FindAsync(services.Store, bucket, ct) ?? throw WebsiteConfiguration.NotFound(bucket);
        if ((website.RedirectAll ?? website.Rules.FirstOrDefault(r => r.Matches(call.Key, error: null))) is { } rule)
        {
            Redirect(call, rule.Status, rule.Location(call.Key, context.Request.Scheme, Host(context)));
            return;
        }

        await CorsHeaders.WriteAsync(services, call, ct);
        try
        {
            await SendAsync(call, website, ct);
        }
        catch (Exception ex) when (Explain(ex, call.Target) is { } error && !context.Response.HasStarted)
        {
            await ErrorAsync(call, website, error, ct);
        }
    }

    /// <summary>Shows an error as a page.</summary>
    public static async Task FailAsync(HttpContext context, S3Exception error, string requestId, CancellationToken ct)
    {
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers["x-amz-error-code"] = error.Code;
        var page = WebsitePage.Write(error, requestId);
        context.Response.ContentLength = page.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(page, ct);
    }

    /// <summary>A failure as S3 names it; null for one that is none of the client's business.</summary>
    public static S3Exception? Explain(Exception failure, S3Target target) => failure switch
    {
        S3Exception error => error,
        ObjectException error => EngineErrors.Of(error, target),
        PolicyException => S3Errors.AccessDenied(),
        _ => null,
    };

    /// <summary>What a request to a website addresses: its query does not count.</summary>
    private static S3Call Call(HttpContext context, string bucket)
    {
        // The bucket is in the host's name, so that all of the path is the key.
        var target = S3Target.Parse(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget, host: $"{bucket}.website", domains: ["website"]);
        S3Target.KnownKey(target.Key);
        return new S3Call(context, target with { RawQuery = "" }, RequestRecord.Of(context));
    }

    private static string Host(HttpContext context) => context.Request.Host.Value ?? "";

    private async Task SendAsync(S3Call call, Website website, CancellationToken ct)
    {
        var isDirectory = call.Key.Length == 0 || call.Key.EndsWith('/');
        var shown = isDirectory ? WithKey(call, call.Key + website.IndexSuffix) : call;
        try
        {
            await services.Authorization.RequireAsync(shown, "s3:GetObject", ct);
            var version = await services.Store.HeadAsync(shown.Address, ct);
            if (version.Metadata.Headers.FirstOrDefault(h => h.Key == UploadHeaders.RedirectHeader).Value is { Length: > 0 } location)
                Redirect(call, StatusCodes.Status301MovedPermanently, Location(call, location));
            else
                await ObjectSender.SendAsync(services, shown, withBody: HttpMethods.IsGet(call.Http.Request.Method), ct);
        }
        catch (Exception ex) when (!isDirectory && Explain(ex, call.Target) is { Status: 403 or 404 } && !call.Response.HasStarted)
        {
            // A directory's name without its slash, if there is something to show in it.
            if (!await IsReadableAsync(WithKey(call, $"{call.Key}/{website.IndexSuffix}"), ct))
                throw;
            Redirect(call, StatusCodes.Status302Found, $"{call.Http.Request.Scheme}://{Host(call.Http)}/{WebsiteUrl.EncodeKey(call.Key)}/");
        }
    }

    private async Task ErrorAsync(S3Call call, Website website, S3Exception error, CancellationToken ct)
    {
        if (website.Rules.FirstOrDefault(r => r.Matches(call.Key, error.Status)) is { } rule)
        {
            Redirect(call, rule.Status, rule.Location(call.Key, call.Http.Request.Scheme, Host(call.Http)));
            return;
        }

        if (error.Status == StatusCodes.Status304NotModified || website.ErrorKey is null || error.Status >= 500 || !await IsReadableAsync(WithKey(call, website.ErrorKey), ct))
            throw error;
        var document = WithKey(call, website.ErrorKey);
        await using var reader = await services.Store.OpenAsync(document.Address, ct);
        if (reader.NeedsKey)
            throw error;
        call.Record.Reason = error.Code;
        ObjectHeaders.Write(document, reader.Version);
        call.Response.StatusCode = error.Status;
        call.Response.Headers["x-amz-error-code"] = error.Code;
        call.Response.ContentLength = reader.Version.LengthBytes;
        if (HttpMethods.IsGet(call.Http.Request.Method))
            await ObjectBody.SendAsync(call.Response, reader, 0, reader.Version.LengthBytes, services.LargePieces, ct);
    }

    private async ValueTask<bool> IsReadableAsync(S3Call call, CancellationToken ct)
    {
        try
        {
            S3Target.KnownKey(call.Key);
            await services.Authorization.RequireAsync(call, "s3:GetObject", ct);
            await services.Store.HeadAsync(call.Address, ct);
            return true;
        }
        catch (Exception ex) when (Explain(ex, call.Target) is { Status: < 500 })
        {
            return false;
        }
    }

    private static S3Call WithKey(S3Call call, string key) => new(call.Http, call.Target with { Key = key }, call.Record) { BucketInfo = call.BucketInfo };

    /// <summary>Where an object redirects to: another site by its address, else a key of this one.</summary>
    private static string Location(S3Call call, string location) =>
        location.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || location.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? WebsiteUrl.Encode(location)
            : WebsiteUrl.Absolute(call.Http.Request.Scheme, Host(call.Http), WebsiteUrl.Encode(location.TrimStart('/')));

    private static void Redirect(S3Call call, int status, string location)
    {
        call.Response.Headers.Location = location;
        call.SendEmpty(status);
    }
}

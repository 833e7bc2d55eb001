using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Skep.S3.Requests;
using Skep.S3.Routing;

namespace Skep.S3.Logging;

/// <summary>
/// A line of an access log, as S3 writes them (user guide, "Amazon S3 server access log format"). Whatever the client says is
/// encoded so that it stays in its field, and what would let somebody else repeat a presigned request is left out.
/// </summary>
internal static class AccessLogLine
{
    private const string None = "-";

    private static readonly string[] _secrets = ["X-Amz-Signature=", "X-Amz-Security-Token=", "Signature="];

    /// <summary>Writes the line of an answered request, without its end.</summary>
    public static string Write(S3Call call, S3Operation operation, string? error, DateTimeOffset now, TimeSpan total)
    {
        var http = call.Http;
        var address = http.Connection.RemoteIpAddress;
        var tls = http.Features.Get<ITlsHandshakeFeature>();
        var isQuery = call.Query.Has("X-Amz-Signature");
        string[] fields =
        [
            CanonicalUserId.Of(call.BucketInfo.Owner),
            call.Bucket,
            $"[{now.UtcDateTime.ToString("dd/MMM/yyyy:HH:mm:ss '+0000'", CultureInfo.InvariantCulture)}]",
            (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? None,
            call.Caller.Principal?.Arn ?? None,
            call.Record.RequestId,
            OperationOf(operation.Route, operation.Name),
            call.Key.Length == 0 ? None : Encode(Uri.EscapeDataString(call.Key).Replace("%2F", "/", StringComparison.Ordinal)),
            Quote($"{http.Request.Method} {Redact(http.Features.Get<IHttpRequestFeature>()?.RawTarget ?? call.Target.RawPath)} {http.Request.Protocol}"),
            http.Response.StatusCode.ToString(CultureInfo.InvariantCulture),
            error ?? None,
            HttpMethods.IsHead(http.Request.Method) ? None : Number(http.Response.ContentLength),
            Number(SizeOf(call)),
            Number((long)total.TotalMilliseconds),
            None, // how long it took to the first byte is not measured
            Quote(call.Http.Request.Headers.Referer.ToString()),
            Quote(call.Http.Request.Headers.UserAgent.ToString()),
            Encode(call.Query["versionId"] is { Length: > 0 } version ? version : None),
            call.Record.RequestId,
            call.Caller.IsAnonymous ? None : "SigV4",
            tls?.NegotiatedCipherSuite?.ToString() ?? None,
            call.Caller.IsAnonymous ? None : isQuery ? "QueryString" : "AuthHeader",
            Encode(http.Request.Host.Value is { Length: > 0 } host ? host : None),
            tls is null ? None : tls.Protocol.ToString().Replace("Tls", "TLSv", StringComparison.Ordinal).Replace("TLSv1", "TLSv1.", StringComparison.Ordinal),
            None,
            None,
        ];
        return string.Join(' ', fields);
    }

    /// <summary>REST.METHOD.RESOURCE, as S3 names operations there.</summary>
    internal static string OperationOf(S3Route route, string name) => name switch
    {
        "CopyObject" => "REST.COPY.OBJECT",
        "UploadPartCopy" => "REST.COPY.PART",
        "DeleteObjects" => "REST.POST.MULTI_OBJECT_DELETE",
        "UploadPart" => "REST.PUT.PART",
        "CompleteMultipartUpload" or "AbortMultipartUpload" or "ListParts" => $"REST.{route.Method}.UPLOAD",
        _ => $"REST.{route.Method}.{ResourceOf(route)}",
    };

    private static string ResourceOf(S3Route route) => route.SubResource switch
    {
        "" or "list-type" => route.Level is S3Level.Object ? "OBJECT" : "BUCKET",
        "versions" => "BUCKETVERSIONS",
        "policy" => "BUCKETPOLICY",
        "logging" => "LOGGING_STATUS",
        "tagging" when route.Level is S3Level.Object => "OBJECT_TAGGING",
        "publicAccessBlock" => "PUBLIC_ACCESS_BLOCK",
        "ownershipControls" => "OWNERSHIP_CONTROLS",
        var other => other.Replace('-', '_').ToUpperInvariant(),
    };

    private static long? SizeOf(S3Call call)
    {
        if (call.Response.Headers.ContentRange.ToString() is { Length: > 0 } range && long.TryParse(range.AsSpan(range.LastIndexOf('/') + 1), CultureInfo.InvariantCulture, out var whole))
            return whole;
        return call.Http.Request.Method switch
        {
            "GET" or "HEAD" when call.Key.Length > 0 && call.Response.Headers.ETag.Count > 0 => call.Response.ContentLength,
            "PUT" when call.Key.Length > 0 => call.Body.PayloadLength,
            _ => null,
        };
    }

    private static string Number(long? value) => value is { } number and > 0 ? number.ToString(CultureInfo.InvariantCulture) : None;

    private static string Quote(string text) => text.Length == 0 ? $"\"{None}\"" : $"\"{Encode(text, keepsSpaces: true)}\"";

    /// <summary>Percent-encodes quotes, control characters and, outside of quotes, spaces; bounded.</summary>
    private static string Encode(string text, bool keepsSpaces = false)
    {
        const int LengthMax = 8_192;
        var encoded = new StringBuilder(Math.Min(text.Length, LengthMax));
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LengthMax)))
        {
            if (c is '"' or < ' ' or '\x7f' || (c == ' ' && !keepsSpaces))
                encoded.Append('%').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
            else
                encoded.Append(c);
        }

        return encoded.ToString();
    }

    /// <summary>A target without signatures and tokens.</summary>
    internal static string Redact(string target)
    {
        foreach (var secret in _secrets)
        {
            for (var at = target.IndexOf(secret, StringComparison.OrdinalIgnoreCase); at >= 0; at = target.IndexOf(secret, at + secret.Length, StringComparison.OrdinalIgnoreCase))
            {
                var from = at + secret.Length;
                var end = target.IndexOf('&', from);
                target = string.Concat(target.AsSpan(0, from), "XXX", end < 0 ? "" : target.AsSpan(end));
            }
        }

        return target;
    }
}

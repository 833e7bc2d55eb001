using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Access;

/// <summary>
/// Finds who signed a request. The signature covers the payload's hash as the client says it; <see cref="S3Body"/> then
/// holds the payload to it. Thread-safe.
/// </summary>
internal sealed class S3Authenticator(SigV4Verifier verifier)
{
    private const string PayloadHashHeader = "x-amz-content-sha256";

    /// <summary>Clock difference that S3 accepts.</summary>
    private static readonly TimeSpan _skew = TimeSpan.FromMinutes(15);

    /// <summary>Checks the signature and opens the body.</summary>
    /// <exception cref="S3Exception">The request cannot be told from one that is not well signed.</exception>
    public void Authenticate(S3Call call)
    {
        var headers = call.Http.Request.Headers;
        var isPresigned = call.Query.Has("X-Amz-Algorithm");
        var hash = call.Header(PayloadHashHeader);
        if (headers.Authorization.Count == 0 && !isPresigned)
        {
            RefuseOldSignatures(call);
            call.Body = S3Body.Of(call, hash);
            return;
        }

        if (headers.Authorization.ToString().StartsWith("AWS ", StringComparison.Ordinal))
            throw S3Errors.InvalidRequest("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
        if (!isPresigned && hash is null)
            throw S3Errors.InvalidRequest("Missing required header for this request: x-amz-content-sha256");
        var request = new SigV4Request(call.Http.Request.Method, call.Target.RawPath, call.Target.RawQuery, Lines(headers), hash ?? SigV4.UnsignedPayload);
        try
        {
            var identity = verifier.Verify(request, static service => service == "s3", static _ => _skew);
            call.Caller = new S3Caller(identity.Principal);
            call.Record.Principal = identity.Principal;
        }
        catch (SigV4Exception ex) when (ex.Failure is SigV4Failure.RequestExpired && isPresigned)
        {
            throw S3Errors.Of("AccessDenied", 403, "Request has expired");
        }
        catch (SigV4Exception ex) when (ex.Failure is SigV4Failure.Incomplete && isPresigned)
        {
            throw S3Errors.Of("AuthorizationQueryParametersError", 400, ex.Message);
        }
        catch (SigV4Exception ex)
        {
            throw EngineErrors.Of(ex);
        }

        call.Body = S3Body.Of(call, hash);
    }

    private static void RefuseOldSignatures(S3Call call)
    {
        if (call.Query.Has("AWSAccessKeyId") && call.Query.Has("Signature"))
            throw S3Errors.InvalidRequest("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
    }

    private static List<KeyValuePair<string, string>> Lines(IHeaderDictionary headers)
    {
        var lines = new List<KeyValuePair<string, string>>(headers.Count);
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
                lines.Add(new(name, value ?? ""));
        }

        return lines;
    }
}

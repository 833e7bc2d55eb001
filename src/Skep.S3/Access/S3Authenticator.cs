using System.Globalization;
using Microsoft.AspNetCore.Http;
using Skep.Core.Identity;
using Skep.Core.Identity.Payloads;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Access;

/// <summary>
/// Finds who signed a request, and opens its body so that it is held to what was signed. A request without a signature is
/// anonymous. Thread-safe.
/// </summary>
internal sealed class S3Authenticator(SigV4Verifier verifier, TimeProvider time)
{
    /// <summary>The longest that a presigned request may be valid: a week.</summary>
    private const int ExpiresSecondsMax = 604_800;

    /// <summary>Clock difference that S3 accepts.</summary>
    private static readonly TimeSpan _skew = TimeSpan.FromMinutes(15);

    /// <summary>Checks the signature and opens the body.</summary>
    /// <exception cref="SigV4Exception">The request is not well signed.</exception>
    public void Authenticate(S3Call call)
    {
        var lines = Lines(call.Http.Request.Headers);
        var declaration = PayloadDeclaration.Read(call.Target.RawQuery, lines);
        var request = new SigV4Request(call.Http.Request.Method, call.Target.RawPath, call.Target.RawQuery, lines, declaration.CanonicalHash) { HostBucket = call.Target.HostBucket };
        SigV4Identity? identity = null;
        // A browser's preflight has the URL of the request that it asks about, not a signature of its own.
        if (SigV4Verifier.IsSigned(request) && !HttpMethods.IsOptions(request.Method))
        {
            CheckExpires(call);
            identity = verifier.Verify(request, static service => service == SigV4.S3Service, static _ => _skew, takesOldScheme: true);
            call.Caller = new S3Caller(identity);
            call.Record.Principal = identity.Principal;
        }

        call.Body = new S3Body(call, declaration, identity, time);
    }

    /// <summary>A presigned request that never was valid is refused like one that is not any more.</summary>
    private static void CheckExpires(S3Call call)
    {
        if (call.Query.TryGet("X-Amz-Expires", out var text)
            && (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) || seconds is < 1 or > ExpiresSecondsMax))
            throw S3Errors.Of("AuthorizationQueryParametersError", 403, $"X-Amz-Expires must be 1 to {ExpiresSecondsMax} seconds, not {(text.Length <= 32 ? text : text[..32])}");
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

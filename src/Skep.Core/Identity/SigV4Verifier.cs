using System.Globalization;

namespace Skep.Core.Identity;

/// <summary>
/// Checks signatures, in the Authorization header, in the query or in a form; of S3's requests also those of the version before
/// (<see cref="SigV2"/>). Knows nothing of bodies: the caller gives
/// the payload's hash and must have calculated it, or, for S3, takes it from <see cref="Payloads.PayloadDeclaration"/> and
/// reads the body through <see cref="Payloads.PayloadStream"/>. Thread-safe.
/// </summary>
public sealed partial class SigV4Verifier(IdentityDirectory directory, TimeProvider time)
{
    /// <summary>Presigned requests are valid for at most a week, as are the keys that sign.</summary>
    private const int PresignedSecondsMax = 604_800;

    /// <summary>Signed headers a request may name.</summary>
    private const int SignedHeadersMax = 128;

    /// <summary>Whether a request carries a signature in its head, of any AWS scheme; what does not is anonymous.</summary>
    public static bool IsSigned(SigV4Request request) =>
        request.Header("Authorization") is not null
        || SigV4.Parameters(request.Query).Any(p =>
            p.Name.AsSpan().SequenceEqual("X-Amz-Algorithm"u8)
            || p.Name.AsSpan().SequenceEqual("X-Amz-Signature"u8)
            || p.Name.AsSpan().SequenceEqual("AWSAccessKeyId"u8));

    /// <summary>Checks a request's signature and says who made it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="services">Services that the scope may name; null for any.</param>
    /// <param name="skew">How far the request's time may be from now, by service.</param>
    /// <param name="takesOldScheme">Whether <see cref="SigV2"/> will do, as for S3; other services never had this form of it.</param>
    /// <exception cref="SigV4Exception">The request is not signed, or not well.</exception>
    public SigV4Identity Verify(SigV4Request request, Func<string, bool>? services, Func<string, TimeSpan> skew, bool takesOldScheme = false)
    {
        var query = QueryParameters(request.Query);
        var header = request.Header("Authorization");
        if (header is not null)
        {
            return header.StartsWith(SigV2.HeaderPrefix, StringComparison.Ordinal) && takesOldScheme
                ? VerifyOldHeader(request, header, skew(SigV4.S3Service))
                : VerifyHeader(request, header, query, services, skew);
        }

        if (query.ContainsKey("X-Amz-Algorithm") || query.ContainsKey(SigV4.SignatureParameter))
            return VerifyQuery(request, query, services, skew);
        if (!query.ContainsKey(SigV2.KeyParameter))
            throw new SigV4Exception(SigV4Failure.Missing, "Request is missing Authentication Token");
        return takesOldScheme ? VerifyOldQuery(request, query) : throw Unsupported("Signature Version 2");
    }

    private SigV4Identity VerifyHeader(
        SigV4Request request, string header, Dictionary<string, string> query, Func<string, bool>? services, Func<string, TimeSpan> skew)
    {
        if (query.ContainsKey("X-Amz-Algorithm"))
            throw Incomplete("Only one of the Authorization header and the query may carry a signature.");
        if (request.Headers.Count(h => h.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase)) > 1)
            throw Incomplete("The request has more than one Authorization header.");
        if (header.StartsWith(SigV4.EcdsaAlgorithm, StringComparison.Ordinal))
            throw Unsupported("SigV4A (ECDSA)");
        if (header.StartsWith(SigV2.HeaderPrefix, StringComparison.Ordinal))
            throw Unsupported("Signature Version 2");
        if (!SigV4Authorization.TryParse(header, out var authorization, out var problem))
            throw Incomplete(problem);
        var date = request.Header("X-Amz-Date") is { } amzDate
            ? ParseDate(amzDate, SigV4Failure.MissingDate)
            : request.Header("Date") is { } httpDate && DateTimeOffset.TryParseExact(httpDate, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed)
                ? parsed
                : throw new SigV4Exception(SigV4Failure.MissingDate, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
        CheckSignedHeaders(request, authorization, SigV4Failure.Incomplete);
        CheckScope(authorization.Scope, date, services);
        CheckSkew(date, skew(authorization.Scope.Service));
        return Finish(request, authorization, date, request.Header("X-Amz-Security-Token"), SigV4Carrier.Header);
    }

    private SigV4Identity VerifyQuery(
        SigV4Request request, Dictionary<string, string> query, Func<string, bool>? services, Func<string, TimeSpan> skew)
    {
        var algorithm = query.GetValueOrDefault("X-Amz-Algorithm");
        if (algorithm == SigV4.EcdsaAlgorithm)
            throw Unsupported("SigV4A (ECDSA)");
        if (algorithm != SigV4.Algorithm)
            throw IncompleteQuery($"X-Amz-Algorithm only supports \"{SigV4.Algorithm}\".");
        if (!SigV4Authorization.TryMake(
            query.GetValueOrDefault("X-Amz-Credential"), query.GetValueOrDefault("X-Amz-SignedHeaders"),
            query.GetValueOrDefault(SigV4.SignatureParameter), out var authorization, out var problem))
            throw IncompleteQuery(problem);
        var date = ParseDate(query.GetValueOrDefault("X-Amz-Date") ?? throw IncompleteQuery("The query requires 'X-Amz-Date'."), SigV4Failure.IncompleteQuery);
        var expires = Expires(query, authorization.Scope.Service);
        CheckSignedHeaders(request, authorization, SigV4Failure.IncompleteQuery);
        CheckScope(authorization.Scope, date, services);
        var allowed = skew(authorization.Scope.Service);
        var now = time.GetUtcNow();
        // Without X-Amz-Expires a signed query is an ordinary request in another place.
        if (expires is not { } seconds)
            CheckSkew(date, allowed);
        else if (date - now > allowed)
            throw Expired(SigV4Failure.RequestExpired, date, now, "is too far in the future");
        else if (now > date.AddSeconds(seconds))
            throw Expired(SigV4Failure.RequestExpired, date.AddSeconds(seconds), now, "was the end of the presigned request");
        return Finish(request, authorization, date, query.GetValueOrDefault("X-Amz-Security-Token"), SigV4Carrier.Query);
    }

    /// <summary>Seconds that a presigned request is valid; null for none given, which S3 does not allow.</summary>
    private static int? Expires(Dictionary<string, string> query, string service)
    {
        if (!query.TryGetValue("X-Amz-Expires", out var text))
            return service == SigV4.S3Service ? throw IncompleteQuery("The query requires 'X-Amz-Expires'.") : null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= PresignedSecondsMax
            ? seconds
            : throw IncompleteQuery($"X-Amz-Expires must be 1 to {PresignedSecondsMax} seconds.");
    }
}

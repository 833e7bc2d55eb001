using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity;

/// <summary>Who signed a request, and for what.</summary>
public sealed record SigV4Identity(Principal Principal, SigV4Scope Scope, bool IsPresigned);

/// <summary>
/// Checks signatures, in the Authorization header or in the query. Knows nothing of bodies: the caller gives the
/// payload's hash, and must have calculated it (S3's exceptions are the S3 dialect's to check). Thread-safe.
/// </summary>
public sealed class SigV4Verifier(IdentityDirectory directory, TimeProvider time)
{
    /// <summary>Presigned requests are valid for at most a week.</summary>
    private const int PresignedSecondsMax = 604_800;

    /// <summary>Signed headers a request may name.</summary>
    private const int SignedHeadersMax = 128;

    /// <summary>Checks a request's signature and says who made it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="services">Services that the scope may name; null for any.</param>
    /// <param name="skew">How far the request's time may be from now, by service.</param>
    /// <exception cref="SigV4Exception">The request is not signed, or not well.</exception>
    public SigV4Identity Verify(SigV4Request request, Func<string, bool>? services, Func<string, TimeSpan> skew)
    {
        var query = QueryParameters(request.Query);
        var header = request.Header("Authorization");
        if (header is null && !query.ContainsKey("X-Amz-Algorithm"))
            throw new SigV4Exception(SigV4Failure.Missing, "Request is missing Authentication Token");
        return header is not null ? VerifyHeader(request, header, query, services, skew) : VerifyQuery(request, query, services, skew);
    }

    private SigV4Identity VerifyHeader(
        SigV4Request request, string header, Dictionary<string, string> query, Func<string, bool>? services, Func<string, TimeSpan> skew)
    {
        if (query.ContainsKey("X-Amz-Algorithm"))
            throw Incomplete("Only one of the Authorization header and the query may carry a signature.");
        if (request.Headers.Count(h => h.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase)) > 1)
            throw Incomplete("The request has more than one Authorization header.");
        if (!SigV4Authorization.TryParse(header, out var authorization, out var problem))
            throw Incomplete(problem);
        var date = request.Header("X-Amz-Date") is { } amzDate
            ? ParseDate(amzDate)
            : request.Header("Date") is { } httpDate && DateTimeOffset.TryParseExact(httpDate, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed)
                ? parsed
                : throw Incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
        CheckSignedHeaders(request, authorization);
        CheckScope(authorization.Scope, date, services);
        CheckSkew(date, skew(authorization.Scope.Service));
        return Finish(request, authorization, date, request.Header("X-Amz-Security-Token"), isPresigned: false);
    }

    private SigV4Identity VerifyQuery(
        SigV4Request request, Dictionary<string, string> query, Func<string, bool>? services, Func<string, TimeSpan> skew)
    {
        if (query["X-Amz-Algorithm"] != SigV4.Algorithm)
            throw Incomplete($"X-Amz-Algorithm must be {SigV4.Algorithm}.");
        if (!SigV4Authorization.TryMake(
            query.GetValueOrDefault("X-Amz-Credential"), query.GetValueOrDefault("X-Amz-SignedHeaders"),
            query.GetValueOrDefault(SigV4.SignatureParameter), out var authorization, out var problem))
            throw Incomplete(problem);
        var date = ParseDate(query.GetValueOrDefault("X-Amz-Date") ?? throw Incomplete("The query requires 'X-Amz-Date'."));
        var seconds = PresignedSecondsMax;
        if (query.TryGetValue("X-Amz-Expires", out var expires)
            && (!int.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds is < 1 or > PresignedSecondsMax))
            throw Incomplete($"X-Amz-Expires must be 1 to {PresignedSecondsMax} seconds.");
        CheckSignedHeaders(request, authorization);
        CheckScope(authorization.Scope, date, services);
        var allowed = skew(authorization.Scope.Service);
        var now = time.GetUtcNow();
        // Without X-Amz-Expires a signed query is an ordinary request in another place.
        if (expires is null)
            CheckSkew(date, allowed);
        else if (date - now > allowed)
            throw Expired(date, now, "is too far in the future");
        else if (now > date.AddSeconds(seconds))
            throw Expired(date.AddSeconds(seconds), now, "was the end of the presigned request");
        return Finish(request, authorization, date, query.GetValueOrDefault("X-Amz-Security-Token"), isPresigned: true);
    }

    private SigV4Identity Finish(SigV4Request request, SigV4Authorization authorization, DateTimeOffset date, string? token, bool isPresigned)
    {
        if (directory.FindAccessKey(authorization.Scope.AccessKeyId) is not var (key, principal))
            throw new SigV4Exception(SigV4Failure.UnknownKey, "The security token included in the request is invalid");
        CheckSession(key, token);
        var expected = SigV4.Signature(request, authorization.SignedHeaders, authorization.Scope, SigV4.FormatDate(date), key.SecretAccessKey);
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(authorization.Signature)))
            throw new SigV4Exception(
                SigV4Failure.Mismatch,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.");
        // Only who holds the secret learns that a session has ended.
        if (key.Expires is { } end && end <= time.GetUtcNow())
            throw new SigV4Exception(SigV4Failure.SessionExpired, "The security token included in the request is expired");
        return new SigV4Identity(principal, authorization.Scope, isPresigned);
    }

    private static void CheckSession(AccessKeySpec key, string? token)
    {
        var hash = token is null ? "" : IdentityDirectory.HashOf(token);
        var isRight = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(key.SessionTokenSha256 ?? ""));
        if (!isRight)
            throw new SigV4Exception(SigV4Failure.InvalidToken, "The security token included in the request is invalid");
    }

    private static void CheckSignedHeaders(SigV4Request request, SigV4Authorization authorization)
    {
        var names = authorization.SignedHeaders;
        if (names.Count > SignedHeadersMax)
            throw Incomplete($"SignedHeaders names more than {SignedHeadersMax} headers.");
        for (var i = 1; i < names.Count; i++)
        {
            if (string.CompareOrdinal(names[i - 1], names[i]) >= 0)
                throw Incomplete("SignedHeaders must be sorted and without repetition.");
        }

        foreach (var name in names)
        {
            if (request.Header(name) is null)
                throw Incomplete($"SignedHeaders names '{name}', which the request does not have.");
        }

        // What decides who is asked, when, and in which session must be covered by the signature.
        foreach (var name in (ReadOnlySpan<string>)["host", "x-amz-date", "x-amz-security-token", "x-amz-target"])
        {
            if ((name == "host" || request.Header(name) is not null) && !names.Contains(name))
                throw new SigV4Exception(SigV4Failure.Mismatch, $"'{name}' must be a 'SignedHeader' in the AWS Authorization.");
        }
    }

    private static void CheckScope(SigV4Scope scope, DateTimeOffset date, Func<string, bool>? services)
    {
        if (scope.Date != SigV4.FormatDate(date)[..8])
            throw new SigV4Exception(SigV4Failure.Mismatch, $"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope.Date}' != '{SigV4.FormatDate(date)[..8]}'.");
        if (services is not null && !services(scope.Service))
            throw new SigV4Exception(SigV4Failure.Mismatch, $"Credential should be scoped to a service that this endpoint serves, not '{scope.Service}'.");
    }

    private void CheckSkew(DateTimeOffset date, TimeSpan skew)
    {
        var now = time.GetUtcNow();
        if (date - now > skew)
            throw Expired(date, now, $"is more than {skew.TotalMinutes} minutes in the future");
        if (now - date > skew)
            throw Expired(date, now, $"is more than {skew.TotalMinutes} minutes ago");
    }

    private static DateTimeOffset ParseDate(string text) =>
        DateTimeOffset.TryParseExact(text, SigV4.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)
            ? date
            : throw Incomplete($"Date must be in ISO-8601 'basic format'. Got '{(text.Length <= 32 ? text : text[..32])}'.");

    private static Dictionary<string, string> QueryParameters(string query)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in SigV4.Parameters(query))
        {
            var text = Encoding.UTF8.GetString(name);
            if (!result.TryAdd(text, Encoding.UTF8.GetString(value)) && text.StartsWith("X-Amz-", StringComparison.Ordinal))
                throw Incomplete($"The query has '{text}' more than once.");
        }

        return result;
    }

    private static SigV4Exception Incomplete(string message) => new(SigV4Failure.Incomplete, message);

    private static SigV4Exception Expired(DateTimeOffset date, DateTimeOffset now, string why) =>
        new(SigV4Failure.RequestExpired, $"Request has expired: {SigV4.FormatDate(date)} {why} ({SigV4.FormatDate(now)}).");
}

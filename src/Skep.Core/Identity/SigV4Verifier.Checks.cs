using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Skep.Core.Identity;

public sealed partial class SigV4Verifier
{
    private SigV4Identity Finish(SigV4Request request, SigV4Authorization authorization, DateTimeOffset date, string? token, SigV4Carrier carrier)
    {
        var scope = authorization.Scope;
        var (key, principal) = FindKey(scope.AccessKeyId, token);
        var canonical = SigV4.CanonicalRequest(request, authorization.SignedHeaders, scope.Service);
        var stringToSign = SigV4.StringToSign(canonical, scope, SigV4.FormatDate(date));
        var signingKey = SigV4.SigningKey(key.SecretAccessKey, scope);
        var expected = SigV4.Signature(signingKey, stringToSign);
        if (!IsSame(expected, authorization.Signature))
            throw Mismatch(new SigV4Calculation(scope.AccessKeyId, stringToSign, authorization.Signature, canonical));
        CheckEnd(key);
        return new SigV4Identity(principal, scope, carrier, date, new SigV4Chain(signingKey, scope, SigV4.FormatDate(date), expected));
    }

    private (AccessKeySpec Key, Principal Principal) FindKey(string accessKeyId, string? token)
    {
        if (directory.FindAccessKey(accessKeyId) is not var (key, principal))
            throw new SigV4Exception(SigV4Failure.UnknownKey, "The security token included in the request is invalid");
        var hash = token is null ? "" : IdentityDirectory.HashOf(token);
        return IsSame(hash, key.SessionTokenSha256 ?? "")
            ? (key, principal)
            : throw new SigV4Exception(SigV4Failure.InvalidToken, "The security token included in the request is invalid");
    }

    /// <summary>Last, because only who holds the secret may learn that a session has ended.</summary>
    private void CheckEnd(AccessKeySpec key)
    {
        if (key.Expires is { } end && end <= time.GetUtcNow())
            throw new SigV4Exception(SigV4Failure.SessionExpired, "The security token included in the request is expired");
    }

    private static bool IsSame(string expected, string provided) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(provided));

    private static void CheckSignedHeaders(SigV4Request request, SigV4Authorization authorization, SigV4Failure malformed)
    {
        var names = authorization.SignedHeaders;
        if (names.Count > SignedHeadersMax)
            throw new SigV4Exception(malformed, $"SignedHeaders names more than {SignedHeadersMax} headers.");
        for (var i = 1; i < names.Count; i++)
        {
            if (string.CompareOrdinal(names[i - 1], names[i]) >= 0)
                throw new SigV4Exception(malformed, "SignedHeaders must be sorted and without repetition.");
        }

        foreach (var name in names)
        {
            if (request.Header(name) is null)
                throw new SigV4Exception(malformed, $"SignedHeaders names '{name}', which the request does not have.");
        }

        // What decides who is asked, when, and in which session must be covered by the signature.
        foreach (var name in (ReadOnlySpan<string>)["host", "x-amz-date", "x-amz-security-token", "x-amz-target"])
        {
            if ((name == "host" || request.Header(name) is not null) && !names.Contains(name))
                throw new SigV4Exception(SigV4Failure.Mismatch, $"'{name}' must be a 'SignedHeader' in the AWS Authorization.");
        }

        if (authorization.Scope.Service == SigV4.S3Service)
            CheckAmzHeadersSigned(request, names);
    }

    /// <summary>In S3 every x-amz-… header has an effect: who was given a presigned URL may not add to it.</summary>
    private static void CheckAmzHeadersSigned(SigV4Request request, IReadOnlyList<string> names)
    {
        foreach (var (name, _) in request.Headers)
        {
            // The payload's hash is covered as the last line of the canonical request.
            if (name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)
                && !name.Equals("x-amz-content-sha256", StringComparison.OrdinalIgnoreCase)
                && !names.Contains(name, StringComparer.OrdinalIgnoreCase))
                throw new SigV4Exception(SigV4Failure.HeadersNotSigned, $"There were headers present in the request which were not signed: {name}");
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
            throw Expired(SigV4Failure.RequestTimeSkewed, date, now, $"is more than {skew.TotalMinutes} minutes in the future");
        if (now - date > skew)
            throw Expired(SigV4Failure.RequestTimeSkewed, date, now, $"is more than {skew.TotalMinutes} minutes ago");
    }

    private static DateTimeOffset ParseDate(string text, SigV4Failure malformed) =>
        DateTimeOffset.TryParseExact(text, SigV4.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date)
            ? date
            : throw new SigV4Exception(malformed, $"Date must be in ISO-8601 'basic format'. Got '{(text.Length <= 32 ? text : text[..32])}'.");

    private static Dictionary<string, string> QueryParameters(string query)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in SigV4.Parameters(query))
        {
            var text = Encoding.UTF8.GetString(name);
            if (!result.TryAdd(text, Encoding.UTF8.GetString(value)) && text.StartsWith("X-Amz-", StringComparison.Ordinal))
                throw IncompleteQuery($"The query has '{text}' more than once.");
        }

        return result;
    }

    private static SigV4Exception Incomplete(string message) => new(SigV4Failure.Incomplete, message);

    private static SigV4Exception IncompleteQuery(string message) => new(SigV4Failure.IncompleteQuery, message);

    private static SigV4Exception Unsupported(string scheme) =>
        new(SigV4Failure.UnsupportedAlgorithm, $"{scheme} is not supported. Please use {SigV4.Algorithm}.");

    private static SigV4Exception Mismatch(SigV4Calculation calculation) => new(
        SigV4Failure.Mismatch,
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
    {
        Calculation = calculation,
    };

    private static SigV4Exception Expired(SigV4Failure failure, DateTimeOffset date, DateTimeOffset now, string why) =>
        new(failure, $"Request has expired: {SigV4.FormatDate(date)} {why} ({SigV4.FormatDate(now)}).");
}

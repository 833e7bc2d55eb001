using System.Globalization;

namespace Skep.Core.Identity;

public sealed partial class SigV4Verifier
{
    private SigV4Identity VerifyOldHeader(SigV4Request request, string header, TimeSpan skew)
    {
        var colon = header.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            throw Incomplete("The Authorization header must be 'AWS AWSAccessKeyId:Signature'.");
        var amzDate = request.Header("x-amz-date");
        var sent = amzDate ?? request.Header("Date") ?? "";
        // The day of the week, which need not be right, says nothing.
        var isDate = DateTimeOffset.TryParse(sent.AsSpan(sent.IndexOf(',', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            || DateTimeOffset.TryParseExact(sent, SigV4.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date);
        if (!isDate || date < DateTimeOffset.UnixEpoch)
            throw new SigV4Exception(SigV4Failure.MissingDate, "AWS authentication requires a valid Date or x-amz-date header");
        CheckSkew(date, skew);
        var stringsToSign = SigV2.StringsToSign(request, amzDate is null ? sent : "", isPresigned: false);
        return FinishOld(header[SigV2.HeaderPrefix.Length..colon], header[(colon + 1)..].Trim(), request.Header("x-amz-security-token"), stringsToSign, SigV4Carrier.Header, date);
    }

    private SigV4Identity VerifyOldQuery(SigV4Request request, Dictionary<string, string> query)
    {
        if (!query.TryGetValue(SigV2.SignatureParameter, out var signature) || !query.TryGetValue(SigV2.ExpiresParameter, out var expires))
            throw new SigV4Exception(SigV4Failure.HeadersNotSigned, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
        if (!long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            throw new SigV4Exception(SigV4Failure.RequestExpired, $"Invalid date (should be seconds since epoch): {(expires.Length <= 32 ? expires : expires[..32])}");
        var (end, now) = (DateTimeOffset.FromUnixTimeSeconds(seconds), time.GetUtcNow());
        if (now > end)
            throw Expired(SigV4Failure.RequestExpired, end, now, "was the end of the presigned request");
        if (SigV2.FindUncovered(request.Query) is { } uncovered)
            throw new SigV4Exception(SigV4Failure.HeadersNotSigned, $"There were parameters present in the request which were not signed: {uncovered}");
        // A parameter with a line's end could pass for two that were signed.
        if (query.Any(p => p.Key.Contains('\n', StringComparison.Ordinal) || p.Value.Contains('\n', StringComparison.Ordinal)))
            throw new SigV4Exception(SigV4Failure.HeadersNotSigned, "Query-string authentication does not cover parameters of more than one line");
        var token = query.GetValueOrDefault("x-amz-security-token") ?? request.Header("x-amz-security-token");
        return FinishOld(query[SigV2.KeyParameter], signature, token, SigV2.StringsToSign(request, expires, isPresigned: true), SigV4Carrier.Query, now);
    }

    /// <summary>Checks a signature of the old scheme, of a request or of a form's policy.</summary>
    private SigV4Identity FinishOld(string accessKeyId, string signature, string? token, string[] stringsToSign, SigV4Carrier carrier, DateTimeOffset date)
    {
        var (key, principal) = FindKey(accessKeyId, token);
        if (!stringsToSign.Any(s => IsSame(SigV2.Signature(key.SecretAccessKey, s), signature)))
            throw Mismatch(new SigV4Calculation(accessKeyId, stringsToSign[0], signature, CanonicalRequest: null));
        CheckEnd(key);
        // The scheme knows neither day nor region, and no chunk of a body can be signed with it: such a chain fits none.
        var scope = new SigV4Scope(accessKeyId, SigV4.FormatDate(date)[..8], "", SigV4.S3Service);
        var chain = new SigV4Chain(SigV4.SigningKey(key.SecretAccessKey, scope), scope, SigV4.FormatDate(date), "");
        return new SigV4Identity(principal, scope, carrier, date, chain) { Algorithm = SigV2.Algorithm };
    }
}

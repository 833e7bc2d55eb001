using System.Text;

namespace Skep.Core.Identity;

/// <summary>Credentials to sign with.</summary>
public sealed record SigV4Credentials(string AccessKeyId, string SecretAccessKey, string? SessionToken);

/// <summary>Signs requests, for Skep's own clients.</summary>
public static class SigV4Signer
{
    /// <summary>
    /// The headers to add to a request: X-Amz-Date, X-Amz-Security-Token for sessions, and Authorization. Every header
    /// that the request has is signed; Host must be among them.
    /// </summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Sign(
        SigV4Request request, SigV4Credentials credentials, string region, string service, DateTimeOffset time)
    {
        var date = SigV4.FormatDate(time);
        var added = new List<KeyValuePair<string, string>> { new("X-Amz-Date", date) };
        if (credentials.SessionToken is { } token)
            added.Add(new("X-Amz-Security-Token", token));
        if (service == SigV4.S3Service)
            added.Add(new("X-Amz-Content-Sha256", request.PayloadHash));
        var signed = request with { Headers = [.. request.Headers, .. added] };
        var names = Names(signed);
        var scope = new SigV4Scope(credentials.AccessKeyId, date[..8], region, service);
        var signature = SigV4.Signature(signed, names, scope, date, credentials.SecretAccessKey);
        added.Add(new(
            "Authorization",
            $"{SigV4.Algorithm} Credential={credentials.AccessKeyId}/{scope.Text}, SignedHeaders={string.Join(';', names)}, Signature={signature}"));
        return added;
    }

    /// <summary>The query of a request that carries its signature itself and is valid for <paramref name="expires"/>.</summary>
    public static string Presign(
        SigV4Request request, SigV4Credentials credentials, string region, string service, DateTimeOffset time, TimeSpan expires)
    {
        var date = SigV4.FormatDate(time);
        var names = Names(request);
        var scope = new SigV4Scope(credentials.AccessKeyId, date[..8], region, service);
        var query = new StringBuilder(request.Query);
        Append(query, "X-Amz-Algorithm", SigV4.Algorithm);
        Append(query, "X-Amz-Credential", $"{credentials.AccessKeyId}/{scope.Text}");
        Append(query, "X-Amz-Date", date);
        Append(query, "X-Amz-Expires", $"{(long)expires.TotalSeconds}");
        Append(query, "X-Amz-SignedHeaders", string.Join(';', names));
        if (credentials.SessionToken is { } token)
            Append(query, "X-Amz-Security-Token", token);
        var signature = SigV4.Signature(request with { Query = query.ToString() }, names, scope, date, credentials.SecretAccessKey);
        Append(query, SigV4.SignatureParameter, signature);
        return query.ToString();
    }

    private static List<string> Names(SigV4Request request) =>
        [.. request.Headers.Select(h => h.Key.ToLowerInvariant()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static void Append(StringBuilder query, string name, string value)
    {
        if (query.Length > 0)
            query.Append('&');
        query.Append(name).Append('=').Append(SigV4.Encode(Encoding.UTF8.GetBytes(value)));
    }
}

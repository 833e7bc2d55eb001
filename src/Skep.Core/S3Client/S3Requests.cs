using Skep.Core.Identity;

namespace Skep.Core.S3Client;

/// <summary>Makes signed requests to an S3 server.</summary>
public static class S3Requests
{
    private const string SignaturePrefix = "Signature=";

    /// <summary>Makes a request; every header that is given is signed.</summary>
    /// <param name="method">The method.</param>
    /// <param name="origin">Scheme, host and port: "https://host:9000".</param>
    /// <param name="path">The path, percent-encoded.</param>
    /// <param name="query">The query, percent-encoded, without the question mark.</param>
    /// <param name="headers">Headers of the request or its content.</param>
    /// <param name="payloadHash">Hexadecimal SHA-256 of the body, or what S3 allows in its place.</param>
    /// <param name="content">The body; null for none.</param>
    /// <param name="credentials">The access key; null for a request without signature.</param>
    /// <param name="region">The region that the signature names.</param>
    /// <param name="now">The signature's time.</param>
    public static HttpRequestMessage Create(
        HttpMethod method,
        string origin,
        string path,
        string query,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        string payloadHash,
        HttpContent? content,
        SigV4Credentials? credentials,
        string region,
        DateTimeOffset now)
    {
        // Keys may have dots as parts; a server must see them as they were signed.
        var uri = new Uri($"{origin}{path}{(query.Length > 0 ? "?" + query : "")}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var request = new HttpRequestMessage(method, uri) { Content = content };
        foreach (var (name, value) in headers)
            Add(request, name, value);
        if (credentials is null)
            return request;
        var covered = new SigV4Request(method.Method, path, query, [new("Host", uri.Authority), .. headers], payloadHash);
        foreach (var (name, value) in SigV4Signer.Sign(covered, credentials, region, SigV4.S3Service, now))
            Add(request, name, value);
        return request;
    }

    /// <summary>The chain of signatures over the chunks of a signed request's body.</summary>
    public static SigV4Chain ChainOf(HttpRequestMessage request, SigV4Credentials credentials, string region)
    {
        var date = request.Headers.NonValidated["X-Amz-Date"].ToString();
        var authorization = request.Headers.NonValidated["Authorization"].ToString();
        var scope = new SigV4Scope(credentials.AccessKeyId, date[..8], region, SigV4.S3Service);
        var signature = authorization[(authorization.LastIndexOf(SignaturePrefix, StringComparison.Ordinal) + SignaturePrefix.Length)..];
        return new SigV4Chain(SigV4.SigningKey(credentials.SecretAccessKey, scope), scope, date, signature);
    }

    /// <summary>Content-Type, Content-MD5 and the like belong to the content, for .NET.</summary>
    private static void Add(HttpRequestMessage request, string name, string value)
    {
        if (!request.Headers.TryAddWithoutValidation(name, value))
            request.Content?.Headers.TryAddWithoutValidation(name, value);
    }
}

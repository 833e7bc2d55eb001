using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;
using Skep.Core.S3Client;
using Skep.Objects;
using Skep.S3.Xml;

namespace Skep.S3.Upstream;

/// <summary>
/// Sends requests to the server behind and tells its failures in this side's words. What may be repeated is tried again
/// when there was no answer; nothing else is. Cancelling closes the connection. Thread-safe.
/// </summary>
internal sealed class UpstreamClient : IDisposable
{
    private const int AttemptsMax = 3;

    /// <summary>From this length on a body is sent only when the server says that it wants it (RFC 9110 section 10.1.1).</summary>
    private const long AskedBytesMin = 1024 * 1024;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    private readonly S3Location _location;
    private readonly Func<SigV4Credentials> _credentials;
    private readonly TimeProvider _time;
    private readonly S3Connections _connections;

    /// <exception cref="S3ConfigurationException">The file with the authorities cannot be used.</exception>
    public UpstreamClient(S3Location location, Func<SigV4Credentials> credentials, TimeProvider time)
    {
        _location = location;
        _credentials = credentials;
        _time = time;
        _connections = new S3Connections(location);
    }

    /// <summary>Where it is, without secrets.</summary>
    public string Name => $"{_location.Endpoint.Scheme}://{_location.Endpoint.Authority}";

    /// <summary>Sends a request that answers without a document.</summary>
    /// <exception cref="ObjectException">The server refuses, or does not answer.</exception>
    public async Task DoAsync(UpstreamRequest request, CancellationToken ct)
    {
        using var answer = await SendAsync(request, ct);
    }

    /// <summary>Sends a request and reads its document.</summary>
    /// <exception cref="ObjectException">The server refuses, or does not answer.</exception>
    public async Task<XmlElement> ReadAsync(UpstreamRequest request, CancellationToken ct)
    {
        using var answer = await SendAsync(request, ct);
        answer.Await(request.Timeout);
        var root = await answer.ReadXmlAsync();
        return root.Name == "Error" ? throw UpstreamFailures.Of(request, answer.FailureOf(root), markerId: null, _time.GetUtcNow()) : root;
    }

    /// <summary>Sends a request; returns when a good answer's head has come.</summary>
    /// <exception cref="ObjectException">The server refuses, or does not answer.</exception>
    public async Task<UpstreamAnswer> SendAsync(UpstreamRequest request, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(request, ct);
            }
            catch (ObjectException ex) when (ex.Error is ObjectError.Unavailable && attempt < AttemptsMax && request.IsIdempotent)
            {
                await Task.Delay(_pause * attempt, _time, ct);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private async Task<UpstreamAnswer> TryAsync(UpstreamRequest request, CancellationToken ct)
    {
        var timeout = new CancellationTokenSource(request.Timeout, _time);
        var both = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        UpstreamAnswer? answer = null;
        try
        {
            var message = Create(request, timeout);
            var response = await _connections.SendAsync(message, Math.Max(request.Body?.LengthBytes ?? 0, request.AnswerBytes), both.Token);
            answer = new UpstreamAnswer(request.ToString(), response, timeout, both);
            answer.Await(request.Timeout);
            if (!response.IsSuccessStatusCode)
                throw await FailureAsync(request, answer);
            // From here on the answer's reader says how long it waits.
            answer.Await(System.Threading.Timeout.InfiniteTimeSpan);
            return answer;
        }
        catch (Exception ex)
        {
            var hasTimedOut = timeout.IsCancellationRequested && !ct.IsCancellationRequested;
            answer?.Dispose();
            both.Dispose();
            timeout.Dispose();
            if (Told(request, ex, hasTimedOut) is { } told)
                throw told;
            throw;
        }
    }

    /// <summary>What a failure on the way is on this side; null when it is to be thrown as it is.</summary>
    private ObjectException? Told(UpstreamRequest request, Exception ex, bool hasTimedOut)
    {
        // The client's side failed, not the server's.
        if (request.Body?.SourceFailure is { } source)
            ExceptionDispatchInfo.Throw(source);
        return ex switch
        {
            ObjectException => null,
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new ObjectException(ObjectError.Refused, $"{request}: no secure connection to {Name}: {Innermost(ex)}", ex),
            HttpRequestException or IOException => new ObjectException(ObjectError.Unavailable, $"{request}: {Name}: {Innermost(ex)}", ex),
            S3ConfigurationException => new ObjectException(ObjectError.Refused, ex.Message, ex),
            OperationCanceledException when hasTimedOut => new ObjectException(ObjectError.Unavailable, $"{request}: {Name} gave no answer in time", ex),
            _ => null,
        };
    }

    private HttpRequestMessage Create(UpstreamRequest request, CancellationTokenSource timeout)
    {
        var headers = request.Headers.ToList();
        var credentials = _credentials();
        HttpContent? content = null;
        string hash;
        if (request.Body is { } body)
        {
            hash = body.Choose(_location.Endpoint.Scheme == Uri.UriSchemeHttps);
            if (body.TrailerName is not null)
                WithChunkedEncoding(headers);
            headers.AddRange(body.FormHeaders());
            content = body;
        }
        else if (request.Document is { } document)
        {
            hash = Convert.ToHexStringLower(SHA256.HashData(document.Span));
            headers.Add(new("Content-MD5", Convert.ToBase64String(MD5.HashData(document.Span))));
            content = new ReadOnlyMemoryContent(document);
        }
        else
        {
            hash = SigV4Request.EmptyPayloadHash;
            // Content-Type and the like of a copy or an upload to come have no other place.
            if (request.Method == HttpMethod.Post || request.Method == HttpMethod.Put)
                content = new ByteArrayContent([]);
        }

        var message = S3Requests.Create(request.Method, OriginOf(request.About.Bucket), PathOf(request.About), request.Query, headers, hash, content, credentials, _location.Region, _time.GetUtcNow());
        message.Headers.ExpectContinue = request.Body is { LengthBytes: >= AskedBytesMin };
        request.Body?.Attach(S3Requests.ChainOf(message, credentials, _location.Region), timeout);
        return message;
    }

    /// <summary>Servers that know trailers take this out again; those that only know signed chunks may keep it, and do not get it.</summary>
    private static void WithChunkedEncoding(List<KeyValuePair<string, string>> headers)
    {
        var at = headers.FindIndex(h => h.Key.Equals("Content-Encoding", StringComparison.OrdinalIgnoreCase));
        var encoding = at < 0 ? "aws-chunked" : $"aws-chunked,{headers[at].Value}";
        if (at >= 0)
            headers.RemoveAt(at);
        headers.Add(new("Content-Encoding", encoding));
    }

    private async Task<ObjectException> FailureAsync(UpstreamRequest request, UpstreamAnswer answer)
    {
        var failure = await S3Failure.ReadAsync(answer.Response, answer.Token);
        if (failure.Code == "RequestTimeTooSkewed" && answer.Response.Headers.Date is { } theirs)
            failure = failure with { Message = string.Create(CultureInfo.InvariantCulture, $"{failure.Message} (its clock says {theirs:O}, this machine's {_time.GetUtcNow():O})") };
        if (failure.Code == "XAmzContentSHA256Mismatch" && request.Body is { TrailerName: not null })
            failure = failure with { Message = $"{failure.Message} (does it know checksums after the body? Without checksums=keep in the URL none are sent)" };
        return UpstreamFailures.Of(request, failure, answer.Header("x-amz-delete-marker") == "true" ? answer.Header("x-amz-version-id") ?? ObjectVersion.NullId : null, _time.GetUtcNow());
    }

    private string OriginOf(string bucket) => _location.IsVirtualStyle && bucket.Length > 0
        ? $"{_location.Endpoint.Scheme}://{_location.Bucket}{bucket}.{_location.Endpoint.Authority}"
        : $"{_location.Endpoint.Scheme}://{_location.Endpoint.Authority}";

    private string PathOf(ObjectAddress about)
    {
        var key = EncodeKey(about.Key);
        if (about.Bucket.Length == 0 || _location.IsVirtualStyle)
            return "/" + key;
        return about.Key.Length == 0 ? $"/{_location.Bucket}{about.Bucket}" : $"/{_location.Bucket}{about.Bucket}/{key}";
    }

    /// <summary>The name that the server has for a bucket.</summary>
    public string UpstreamName(string bucket) => _location.Bucket + bucket;

    /// <summary>A key in a path: slashes stay.</summary>
    public static string EncodeKey(string key) => string.Join('/', key.Split('/').Select(Encode));

    /// <summary>A value in a query.</summary>
    public static string Encode(string text) => SigV4.Encode(Encoding.UTF8.GetBytes(text));

    private static string Innermost(Exception ex) => ex.InnerException is { } inner ? Innermost(inner) : ex.Message;
}

using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Objects;
using Skep.S3.Access;
using Skep.S3.Errors;
using Skep.S3.Tagging;
using Skep.S3.Xml;

namespace Skep.S3.Requests;

/// <summary>One request on its way: what it addresses, who makes it, and the answer. Belongs to one request.</summary>
internal sealed class S3Call(HttpContext http, S3Target target, RequestRecord record)
{
    private const string XmlType = "application/xml";

    private BucketInfo? _bucketInfo;
    private IReadOnlyList<KeyValuePair<string, string>>? _requestTags;
    private IReadOnlyDictionary<string, string>? _form;

    /// <summary>The exchange.</summary>
    public HttpContext Http => http;

    /// <summary>The answer.</summary>
    public HttpResponse Response => http.Response;

    /// <summary>What is addressed.</summary>
    public S3Target Target => target;

    /// <summary>The bucket's name.</summary>
    public string Bucket => target.Bucket;

    /// <summary>The object's key.</summary>
    public string Key => target.Key;

    /// <summary>The query's parameters.</summary>
    public S3Query Query { get; } = new(target.RawQuery);

    /// <summary>The audit record.</summary>
    public RequestRecord Record => record;

    /// <summary>Who makes the request.</summary>
    public S3Caller Caller { get; set; } = S3Caller.Anonymous;

    /// <summary>The body as its sender describes and signs it.</summary>
    public S3Body Body { get; set; } = S3Body.Unread;

    /// <summary>The bucket as it was when the request came; for operations on buckets and objects that exist.</summary>
    public BucketInfo BucketInfo
    {
        get => _bucketInfo ?? throw new InvalidOperationException("the operation is not on a bucket");
        set => _bucketInfo = value;
    }

    /// <summary>Whether the bucket was looked up: not for operations that make one.</summary>
    public bool HasBucketInfo => _bucketInfo is not null;

    /// <summary>The version that the query names; null for the current one.</summary>
    /// <exception cref="S3Exception">It is named, but empty.</exception>
    public string? VersionId => Query["versionId"] is { } id
        ? id.Length > 0 ? id : throw S3Errors.InvalidArgument("versionId", id, "Version id cannot be the empty string")
        : null;

    /// <summary>The object that is addressed.</summary>
    public ObjectAddress Address => new(Bucket, Key, VersionId);

    /// <summary>
    /// A header of the request, values of a repeated one joined by commas; null when it is not there or empty. Presigned
    /// requests may carry S3's own headers as parameters.
    /// </summary>
    public string? Header(string name)
    {
        if (_form is not null)
            return FormField(_form, name);
        if (http.Request.Headers.TryGetValue(name, out var values) && values.ToString() is { Length: > 0 } text)
            return text;
        return name.StartsWith("x-amz-", StringComparison.Ordinal) && Query.TryGet(name, out var parameter) ? parameter : null;
    }

    /// <summary>The headers whose names begin so; names are lower-case.</summary>
    public IEnumerable<(string Name, string Value)> HeadersWith(string prefix)
    {
        var all = _form is not null
            ? _form.Select(f => (f.Key, f.Value))
            : http.Request.Headers.Select(h => (h.Key, Value: h.Value.ToString())).Concat(Query.Names.Select(n => (Key: n, Value: Query[n]!)));
        return all.Where(h => h.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).Select(h => (h.Key.ToLowerInvariant(), h.Value));
    }

    /// <summary>The upload of a form: its fields stand for headers.</summary>
    public S3Call ForForm(string key, IReadOnlyDictionary<string, string> fields) =>
        new(http, target with { Key = key }, record) { Caller = Caller, _bucketInfo = _bucketInfo, _form = fields };

    /// <summary>The tags that the request gives, as far as they are known before its body is read.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> RequestTags { get => _requestTags ?? (_requestTags = TagSet.FromHeader(this)); set => _requestTags = value; }

    /// <summary>Reads the body as XML.</summary>
    /// <exception cref="S3Exception">There is none, it is longer than allowed, or no XML.</exception>
    public async Task<XmlElement> ReadXmlAsync(CancellationToken ct)
    {
        var document = Body.IsMissing(this) ? default : await Body.ReadAllAsync(this, XmlDocumentReader.BytesMax, ct);
        if (!document.IsEmpty)
            return XmlDocumentReader.Read(document);
        // S3 tells them apart so.
        throw Key.Length > 0 ? S3Errors.MalformedXml("there is none") : S3Errors.MissingRequestBody();
    }

    /// <summary>Answers with XML.</summary>
    public Task SendAsync(S3Xml xml, CancellationToken ct, int status = StatusCodes.Status200OK) => SendAsync(xml.Finish(), XmlType, ct, status);

    /// <summary>Answers with bytes.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> body, string contentType, CancellationToken ct, int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
            await http.Response.Body.WriteAsync(body, ct);
    }

    /// <summary>A document in a form's field; null for requests that are no form.</summary>
    public string? FormDocument(string name) => _form is not null && _form.GetValueOrDefault(name) is { Length: > 0 } document ? document : null;

    /// <summary>A form has S3's own headers under their names, or under shorter ones.</summary>
    private static string? FormField(IReadOnlyDictionary<string, string> form, string name)
    {
        if (form.GetValueOrDefault(name) is { Length: > 0 } value)
            return value;
        return name == "x-amz-acl" && form.GetValueOrDefault("acl") is { Length: > 0 } acl ? acl : null;
    }

    /// <summary>Answers without a body.</summary>
    public void SendEmpty(int status = StatusCodes.Status200OK)
    {
        http.Response.StatusCode = status;
        // A 204 or 304 has no length (RFC 9110 section 8.6).
        if (status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified))
            http.Response.ContentLength = 0;
    }
}

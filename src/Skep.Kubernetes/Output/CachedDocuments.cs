using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Skep.Kubernetes.Output;

/// <summary>Documents that are made once: kept as bytes, compressed and with a hash. Thread-safe.</summary>
internal sealed class CachedDocuments
{
    private readonly ConcurrentDictionary<string, CachedDocument> _documents = new();

    /// <summary>The document of a key; null, and nothing kept, when there is none (keys may come from clients).</summary>
    public CachedDocument? Get(string key, Func<byte[]?> make)
    {
        if (_documents.TryGetValue(key, out var found))
            return found;
        return make() is { } bytes ? _documents.GetOrAdd(key, new CachedDocument(bytes)) : null;
    }
}

/// <summary>A document that does not change.</summary>
internal sealed class CachedDocument(byte[] bytes)
{
    /// <summary>Smaller documents are not worth compressing.</summary>
    private const int CompressBytesMin = 1_024;

    private readonly Lazy<byte[]> _compressed = new(() => Compress(bytes));

    /// <summary>The document.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>SHA-256 in hex.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Answers with the document, compressed where the client accepts it, or with 304.</summary>
    public async Task WriteAsync(HttpContext http, string contentType)
    {
        var (request, response) = (http.Request, http.Response);
        var etag = $"\"{Hash}\"";
        response.Headers.ETag = etag;
        response.Headers.CacheControl = "no-cache, private";
        response.Headers.Append("Vary", "Accept-Encoding");
        if (request.Headers.IfNoneMatch.ToString() == etag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        ReadOnlyMemory<byte> body = bytes;
        if (bytes.Length >= CompressBytesMin && request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            response.Headers.ContentEncoding = "gzip";
            body = _compressed.Value;
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
            await response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return target.ToArray();
    }
}
